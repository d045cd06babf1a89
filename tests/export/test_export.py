from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.architecture import AuxHeadConfig, GoogLeNetConfig, LrnConfig
from inception_viz.export import code, save_code, save_onnx
from tests.conftest import noise_photo, sample, tiny_config

_RUN = """
import json, sys, torch
sys.modules["inception_viz"] = None  # it must do without
import googlenet
from PIL import Image
network = googlenet.load("weights.pt")
x = torch.load("x.pt", weights_only=True)
with torch.no_grad():
    found = network(x, heads=True)
    photo = network(googlenet.prepare(Image.open("photo.png")))
answers = {name: logits[0].tolist() for name, logits in found.items()}
print(json.dumps({"answers": answers, "photo": photo[0].tolist(), "labels": googlenet.LABELS}))
"""

ROW = tiny_config().stage3[0]


@pytest.mark.parametrize(
    "config",
    [
        tiny_config(),
        tiny_config(norm="batch", kernel_5x5="3+3", aux2=None),
        tiny_config(
            norm="none",
            stage3=(replace(ROW, f_3x3_r=0, f_5x5_r=0, f_pp=0),),
            stage4=(replace(ROW, f_pp=None), replace(ROW, f_5x5_r=0, f_5x5=0)),
            aux1=None,
            aux2=None,
        ),
        GoogLeNetConfig.torchvision(classes=7),
        tiny_config(padding="same", lrn=LrnConfig(11, 11e-4, 0.5, 2.0)),
        tiny_config(aux1=AuxHeadConfig("3b"), aux2=AuxHeadConfig("4d", pool="4x4")),
        tiny_config(aux1=AuxHeadConfig("4a", pool="4x4"), aux2=AuxHeadConfig("4d", conv=9, fc=11)),
    ],
)
def test_exported_code_runs_without_us(config: GoogLeNetConfig, tmp_path: Path) -> None:
    classifier = iv.load("random", config=config)
    save_code(classifier, tmp_path / "network.zip")
    with zipfile.ZipFile(tmp_path / "network.zip") as archive:
        assert sorted(archive.namelist()) == ["googlenet.py", "weights.pt"]
        archive.extractall(tmp_path)
    noise_photo(0, (256, 256)).save(tmp_path / "photo.png")
    trace = classifier.trace(tmp_path / "photo.png")
    torch.save(trace.input.contiguous(), tmp_path / "x.pt")
    found = json.loads(
        subprocess.run(
            [sys.executable, "-c", _RUN], cwd=tmp_path, capture_output=True, check=True, text=True
        ).stdout
    )
    assert found["labels"] == list(classifier.labels)
    assert found["answers"].keys() == trace.heads.keys()
    for head, logits in trace.heads.items():
        np.testing.assert_allclose(found["answers"][head], logits, rtol=1e-4, atol=1e-4)
    again = iv.load(tmp_path / "network.zip")
    assert again.config == config
    assert (again.labels, again.preprocessing) == (classifier.labels, classifier.preprocessing)
    torch.testing.assert_close(
        again.trace(tmp_path / "photo.png").heads["main"], trace.logits, rtol=1e-5, atol=1e-5
    )
    # A square photo of 256 pixels is cropped to the same pixels, so even the photo's answer agrees.
    np.testing.assert_allclose(found["photo"], trace.logits, rtol=1e-3, atol=1e-3)


def test_foreign_names_stay_names_in_the_code() -> None:
    classifier = iv.load("random", config=tiny_config(classes=2))
    nasty = '"""\nimport os  # $x ${y} \\'
    weights = replace(classifier.weights, labels=(nasty, "b"))
    source = code(iv.Classifier(weights, "x", nasty))
    compiled = compile(source, "googlenet.py", "exec")
    space: dict[str, object] = {}
    exec(compiled, space)
    assert space["LABELS"] == [nasty, "b"]
    assert "os" not in space


@pytest.mark.parametrize("norm", ["lrn", "batch"])
@pytest.mark.filterwarnings("ignore")
def test_onnx_gives_the_same_answers(norm: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    classifier = iv.load("random", config=tiny_config(norm=norm))
    save_onnx(classifier, tmp_path / "network.onnx")
    session = runtime.InferenceSession(tmp_path / "network.onnx")
    trace = classifier.trace(sample("cat"))
    x = torch.cat([trace.input, trace.input.flip(-1), trace.input * 0.5]).contiguous()
    with torch.no_grad():
        expected = classifier.inference_network(x).main
    (found,) = session.run(None, {"image": x.numpy()})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["labels"]) == list(classifier.labels)
    again = iv.load(tmp_path / "network.onnx")
    assert (again.labels, again.preprocessing) == (classifier.labels, classifier.preprocessing)
    assert again.config == replace(
        classifier.config, norm="none" if norm == "batch" else "lrn", aux1=None, aux2=None
    )
    assert not again.weights.assumed
    torch.testing.assert_close(again.inference_network(x).main, expected, rtol=1e-4, atol=1e-4)
