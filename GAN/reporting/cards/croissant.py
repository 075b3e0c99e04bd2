"""Croissant metadata of the synthetic sets, which programs read before they load the data.

Follows version 1.1 of the format and 1.0 of its vocabulary for responsible AI:
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html
"""

from __future__ import annotations

import json
from typing import Any

from GAN.datasets.columns import Column, columns
from GAN.reporting.cards.dataset import Dataset, SetFile
from GAN.reporting.cards.markdown import plain
from GAN.reporting.cards.wording import LIMITS, NOT_FOR, TAGS, USES, rights, warning

#: The context that all Croissant files share, plus W3C PROV. Readers warn about any other context.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        term: f"cr:{term}"
        for term in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject"),
            *("fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key"),
            *("md5", "parentField", "path", "recordSet", "references", "regex", "repeated"),
            *("replace", "samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}

_PARQUET = "application/x-parquet"
_FILES = "parquet-files"
_TYPES = {"int32": "sc:Integer", "double": "sc:Float", "string": "sc:Text"}
_LABELS = frozenset({"rul_hours", "failure_mode"})
_SPLITS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}


def croissant(dataset: Dataset) -> str:
    """The metadata as JSON-LD, to be stored next to the sets."""
    # Without "<", it can be put into a page's script element unchanged.
    return json.dumps(_metadata(dataset), indent=2).replace("<", "\\u003c") + "\n"


def _metadata(dataset: Dataset) -> dict[str, Any]:
    profile, version = dataset.profile, dataset.fleetforge_version
    maker = plain(f"{profile.manufacturer} {profile.model}")
    caution = warning("These data are", dataset.origin)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": profile.machine_id,
        "description": f"Synthetic run-to-failure data of one machine type: {maker}. {caution}",
        "url": "README.md",
        "license": {
            "@type": "sc:CreativeWork",
            "name": "not stated",
            "description": rights(dataset.origin),
        },
        "creator": {"@type": "sc:Organization", "name": "the user of Fleetforge"},
        "datePublished": dataset.made.isoformat(),
        # Sets that are generated again get another build number of the same version.
        "version": f"1.0.0+{dataset.sets[0].sha256[:12]}",
        "citeAs": (
            f"@misc{{{profile.machine_id}, title={{Synthetic run-to-failure data of "
            f"{profile.machine_id}}}, note={{Simulated with Fleetforge {version}}}, "
            f"year={{{dataset.made.year}}}}}"
        ),
        "keywords": [*TAGS, profile.machine_type],
        "rai:dataCollection": " ".join(dataset.steps),
        "rai:dataUseCases": [f"For {use}." for use in USES],
        "rai:dataLimitations": [caution, *LIMITS, *(f"Not for {use}." for use in NOT_FOR)],
        "prov:wasGeneratedBy": _activity(dataset),
        "distribution": [*(_file(one) for one in dataset.sets), _all_files(dataset)],
        "recordSet": [_splits(dataset), _lives(dataset)],
    }


def _activity(dataset: Dataset) -> dict[str, Any]:
    used = [("profile", dataset.profile.sha256), ("model", dataset.model_sha256)]
    if dataset.origin.is_real:
        used.append(("real data", dataset.origin.file_sha256))
    return {
        "@type": "prov:Activity",
        "prov:label": f"generation with random seed {dataset.number}",
        "prov:wasAssociatedWith": {
            "@type": "prov:SoftwareAgent",
            "prov:label": f"Fleetforge {dataset.fleetforge_version}",
        },
        "prov:used": [
            {"@type": "prov:Entity", "prov:label": what, "sha256": sha256} for what, sha256 in used
        ],
    }


def _file(one: SetFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "description": f"{one.split}: {one.rows} rows of {one.units} units.",
        "contentUrl": one.name,
        "contentSize": f"{one.size} B",
        "encodingFormat": _PARQUET,
        "sha256": one.sha256,
    }


def _all_files(dataset: Dataset) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _FILES,
        "name": _FILES,
        "description": "The files of all splits.",
        "encodingFormat": _PARQUET,
        "includes": [one.name for one in dataset.sets],
    }


def _splits(dataset: Dataset) -> dict[str, Any]:
    fields = {"splits/name": "sc:Text", "splits/url": ["sc:URL", "cr:Split"]}
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits. Each unit is in one of them only.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": name, "name": name, "dataType": type_}
            for name, type_ in fields.items()
        ],
        "data": [
            {"splits/name": one.split, "splits/url": _SPLITS[one.split]} for one in dataset.sets
        ],
    }


def _lives(dataset: Dataset) -> dict[str, Any]:
    names = "|".join(one.split for one in dataset.sets)
    split = {
        "@type": "cr:Field",
        "@id": "lives/split",
        "name": "lives/split",
        "description": "The split that the unit belongs to.",
        "dataType": "sc:Text",
        "references": {"field": {"@id": "splits/name"}},
        "source": {
            "fileSet": {"@id": _FILES},
            "extract": {"fileProperty": "fullpath"},
            # The suffix is optional because mlcroissant applies the transform twice.
            "transform": {"regex": rf"^({names})(?:\.parquet)?$"},
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "lives",
        "name": "lives",
        "description": (
            f"One row for each unit and {dataset.time_step_hours:g} hours of its life, from new to "
            "failed; the rows of a unit are in order of time."
        ),
        "key": [{"@id": "lives/unit_id"}, {"@id": "lives/cycle_hour"}],
        "field": [split, *(_field(column) for column in columns(dataset.profile))],
    }


def _field(column: Column) -> dict[str, Any]:
    type_ = _TYPES[column.type]
    unit = {"unitText": column.unit} if column.unit else {}
    return {
        "@type": "cr:Field",
        "@id": f"lives/{column.name}",
        "name": f"lives/{column.name}",
        "description": plain(f"{column.meaning} [{column.unit}]" if unit else column.meaning),
        "dataType": [type_, "cr:Label"] if column.name in _LABELS else type_,
        **unit,
        "source": {"fileSet": {"@id": _FILES}, "extract": {"column": column.name}},
    }
