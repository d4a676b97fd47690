"""Models at rest."""

import json
from pathlib import Path

import pytest

from models.artifacts import (
    ArtifactError,
    ArtifactMissingError,
    ArtifactTamperedError,
    ArtifactVersionError,
    current,
    list_artifacts,
    load,
    save,
    set_current,
)
from models.canonical import canonical_json, sha256

FILES = {"model.txt": b"tree", "report.md": b"# Report"}


@pytest.fixture
def ref(tmp_path):
    return save(tmp_path, {"interval": "1m", "threshold": 0.1}, FILES)


def test_an_artefact_comes_back_as_it_was_saved(tmp_path, ref):
    found = load(tmp_path, ref.id)

    assert found.files == FILES
    assert (found.manifest["interval"], found.manifest["threshold"]) == ("1m", 0.1)
    assert list_artifacts(tmp_path) == [ref.id]


def test_the_id_is_the_hash_of_the_manifest_file(ref):
    assert sha256((ref.path / "manifest.json").read_bytes()) == ref.id == ref.path.name


def test_the_same_content_is_the_same_artefact(tmp_path, ref):
    assert save(tmp_path, {"threshold": 0.1, "interval": "1m"}, FILES) == ref
    assert save(tmp_path, {"threshold": 0.2, "interval": "1m"}, FILES) != ref
    assert len(list_artifacts(tmp_path)) == 2


def test_nothing_unfinished_is_left_behind(tmp_path, ref):
    assert [path.name for path in tmp_path.iterdir()] == [ref.id]


def test_a_changed_file_is_refused(tmp_path, ref):
    (ref.path / "model.txt").write_bytes(b"trea")

    with pytest.raises(ArtifactTamperedError, match=r"expected model\.txt of SHA-256"):
        load(tmp_path, ref.id)


def test_a_changed_manifest_is_refused(tmp_path, ref):
    path = ref.path / "manifest.json"
    path.write_text(path.read_text().replace("0.1", "0.2"))

    with pytest.raises(ArtifactTamperedError, match="expected a manifest of SHA-256"):
        load(tmp_path, ref.id)


def test_a_file_too_many_and_one_too_few_are_refused(tmp_path, ref):
    (ref.path / "extra.txt").write_bytes(b"")
    with pytest.raises(ArtifactTamperedError, match="expected the files"):
        load(tmp_path, ref.id)

    (ref.path / "extra.txt").unlink()
    (ref.path / "report.md").unlink()
    with pytest.raises(ArtifactTamperedError, match="expected the files"):
        load(tmp_path, ref.id)


def test_saving_what_was_tampered_with_is_refused(tmp_path, ref):
    (ref.path / "model.txt").write_bytes(b"trea")

    with pytest.raises(ArtifactTamperedError):
        save(tmp_path, {"interval": "1m", "threshold": 0.1}, FILES)


@pytest.mark.parametrize("model_id", ["0" * 64, "../../etc/passwd", "", "ABC"])
def test_what_is_not_there_is_missing(tmp_path, model_id):
    with pytest.raises(ArtifactMissingError, match="expected"):
        load(tmp_path, model_id)


def test_an_unknown_format_is_refused(tmp_path):
    text = canonical_json({"format": 99, "files": {}}).encode()
    folder = tmp_path / sha256(text)
    folder.mkdir()
    (folder / "manifest.json").write_bytes(text)

    with pytest.raises(ArtifactVersionError, match="format 1, found 99"):
        load(tmp_path, folder.name)


@pytest.mark.parametrize("name", ["../model.txt", "manifest.json", "Model.TXT", "a/b.txt"])
def test_a_file_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(ArtifactError, match="expected a plain file name"):
        save(tmp_path, {}, {name: b""})


def test_an_interval_is_served_by_the_artefact_chosen_last(tmp_path, ref):
    assert current(tmp_path) == {}
    other = save(tmp_path, {"interval": "1d"}, FILES)
    set_current(tmp_path, "1m", ref.id)
    set_current(tmp_path, "1d", other.id)

    assert current(tmp_path) == {"1m": ref.id, "1d": other.id}


def test_an_artefact_serves_only_the_interval_it_was_trained_on(tmp_path, ref):
    with pytest.raises(ArtifactError, match="expected a model of 1d bars, found one of 1m"):
        set_current(tmp_path, "1d", ref.id)


def test_a_broken_choice_is_refused(tmp_path):
    (tmp_path / "current.json").write_text(json.dumps({"1m": "../elsewhere"}))

    with pytest.raises(ArtifactVersionError, match="expected intervals and ids"):
        current(tmp_path)


def test_a_folder_that_does_not_exist_holds_no_artefacts(tmp_path: Path):
    assert list_artifacts(tmp_path / "none") == []
