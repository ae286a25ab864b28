"""Put changed code into deployed functions and layers past CloudFormation: the inner loop of a developer's day."""

import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from local.fixups import built_resources
from local.paths import BUILD
from local.stack import STACK_NAME, client
from local.state import State


def update_code(state: State, artifacts: Collection[str]) -> None:
    """Replace the code of functions and layers by what `.aws-sam/build` holds.

    Args:
        state: the emulator with the deployed stack.
        artifacts: logical ids of functions and layers.
    """
    resources = built_resources()
    aws = client(state, "lambda")
    arns = {
        name: aws.publish_layer_version(LayerName=_name_of(resources[name], "LayerName"), Content=_content(name))
        for name in artifacts
        if resources[name]["Type"] == "AWS::Serverless::LayerVersion"
    }
    for name, resource in resources.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        function = _name_of(resource, "FunctionName")
        if name in artifacts:
            aws.update_function_code(FunctionName=function, ZipFile=_zip(BUILD / name))
        wanted = [layer["Ref"] for layer in resource["Properties"]["Layers"]]
        if any(layer in arns for layer in wanted):
            now = aws.get_function_configuration(FunctionName=function)["Layers"]
            layers = [
                arns[layer]["LayerVersionArn"] if layer in arns else entry["Arn"]
                for layer, entry in zip(wanted, now, strict=True)
            ]
            aws.update_function_configuration(FunctionName=function, Layers=layers)


def _name_of(resource: Mapping[str, Any], key: str) -> str:
    return str(resource["Properties"][key]["Fn::Sub"]).replace("${AWS::StackName}", STACK_NAME)


def _content(name: str) -> dict[str, bytes]:
    return {"ZipFile": _zip(BUILD / name)}


def _zip(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return packed.getvalue()
