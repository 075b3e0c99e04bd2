"""A variational autoencoder for tables that trains in seconds and exports to stock SDV.

`model.fit_model` trains on a table, `TableModel.sample` samples rows, and `export.sdv.to_stock`
writes the model into a stock `TVAESynthesizer`. `columns` and `column_fitting` convert a table to
numbers, `autoencoder` and `training` have the network, and `aggregate_posterior` has the
distribution of its latent codes.
"""
