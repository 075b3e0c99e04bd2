"""A variational autoencoder for tables: fitted in a second, sampled by stock SDV too.

`fit_model` learns a table, `TableModel.sample` makes rows like its, and `to_stock` writes what it
learnt into a stock `TVAESynthesizer`. How a table becomes numbers is in `columns`, what is learnt
from them in `autoencoder` and `training`, and where the decoder's input comes from in `latent`.
"""
