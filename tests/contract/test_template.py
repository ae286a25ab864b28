"""The template keeps its promises: least privilege, dead-letter queues with alarms, settings, logs, sources."""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
#: Set for every function by the template's Globals; Powertools reads them.
#: Read by libraries, not by us: gRPC's core writes to standard error what the result says already.
LIBRARY_VARIABLES = {"GRPC_VERBOSITY"}
GLOBAL_VARIABLES = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"}
#: Statements whose resource must be the star: these actions have no resource of their own.
STARS = {"ListStreams": {"dynamodb:ListStreams"}, "EcrToken": {"ecr:GetAuthorizationToken"}}
STARS["Tracing"] = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
#: The only routes without a token.
OPEN_ROUTES = {("/health", "GET"), ("/api/v1/health", "GET")}


@cache
def template() -> Any:
    """Give the template with its short intrinsics spelled out."""
    return yaml_parse((ROOT / "template.yaml").read_text())


def resources(kind: str) -> dict[str, Any]:
    """Give the properties of all resources of a type by their logical id."""
    found = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


FUNCTIONS = {name: value["CodeUri"].split("/")[1] for name, value in resources("AWS::Serverless::Function").items()}
QUEUES = resources("AWS::SQS::Queue")
WORK_QUEUES = sorted(name for name in QUEUES if "DeadLetter" not in name)


def statements(function: str) -> Iterator[Mapping[str, Any]]:
    """Give the statements of a function's role, conditional ones included."""
    role = resources("AWS::IAM::Role")[f"{function.removesuffix('Function')}Role"]
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def test_every_function_folder_is_deployed() -> None:
    """A folder with a handler is a function of the template, named after it, and nothing else is."""
    folders = {handler.parent.name for handler in ROOT.glob("functions/*/handler.py")}
    assert set(FUNCTIONS.values()) == folders
    for logical, name in FUNCTIONS.items():
        assert logical == "".join(word.capitalize() for word in name.split("_")) + "Function"


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_handler_is_the_path_in_the_repository(function: str) -> None:
    """The handler is named by the path that tests import it from."""
    properties = resources("AWS::Serverless::Function")[function]
    assert properties["Handler"] == f"functions.{FUNCTIONS[function]}.handler.lambda_handler"


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_environment_is_what_the_settings_read(function: str) -> None:
    """A function gets exactly the variables that its settings class reads."""
    settings = importlib.import_module(f"functions.{FUNCTIONS[function]}.settings").Settings
    properties = resources("AWS::Serverless::Function")[function]
    assert set(properties["Environment"]["Variables"]) - LIBRARY_VARIABLES == settings.environment_names()


def test_global_variables_are_powertools() -> None:
    """What every function gets is Powertools' own configuration and nothing else."""
    assert set(template()["Globals"]["Function"]["Environment"]["Variables"]) == GLOBAL_VARIABLES


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_logs_are_kept_for_a_while(function: str) -> None:
    """A function logs to its own group, which has a retention and which its role may write to, and to no other."""
    properties = resources("AWS::Serverless::Function")[function]
    group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    assert "RetentionInDays" in resources("AWS::Logs::LogGroup")[group]
    logs = next(statement for statement in statements(function) if statement["Sid"] == "Logs")
    assert logs["Resource"] == {"Fn::GetAtt": [group, "Arn"]}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_role_has_no_star(function: str) -> None:
    """A role names its actions, and its resources wherever AWS knows any for the action."""
    for statement in statements(function):
        # SendMessageBatch is SendMessage to IAM, but the local emulator asks for its own name.
        assert not [action for action in statement["Action"] if "*" in action and action != "sqs:SendMessage*"]
        if statement["Resource"] == "*":
            assert set(statement["Action"]) == STARS[statement["Sid"]]
        else:
            assert "*" not in _listed(statement["Resource"])


def test_verified_artifacts_are_never_deleted() -> None:
    """No function may delete what was verified: only staging can be cleaned."""
    deleting = [
        resource
        for function in FUNCTIONS
        for statement in statements(function)
        if "s3:DeleteObject" in statement["Action"]
        for resource in _listed(statement["Resource"])
    ]
    assert deleting == [{"Fn::Sub": "${ArtifactsBucket.Arn}/staging/*"}]


def test_runtime_and_architecture_are_parameters() -> None:
    """Functions and layers are built for the same runtime and processor, and both can be chosen."""
    shared = template()["Globals"]["Function"]
    assert shared["Runtime"] == {"Ref": "PythonRuntime"}
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    parameters = template()["Parameters"]
    targets = {path.parent.name for path in ROOT.glob("layers/targets/*/Makefile")}
    assert targets == {
        f"{runtime}-{architecture}"
        for runtime in parameters["PythonRuntime"]["AllowedValues"]
        for architecture in parameters["Architecture"]["AllowedValues"]
    }


@pytest.mark.parametrize("queue", WORK_QUEUES)
def test_poisoned_messages_have_a_place_of_their_own(queue: str) -> None:
    """After five tries a message goes to the queue's own dead-letter queue, which takes from no other queue."""
    redrive = QUEUES[queue]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    letters = QUEUES[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
    allowed = letters["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    (source,) = allowed["sourceQueueArns"]
    assert source["Fn::Sub"].endswith(":" + QUEUES[queue]["QueueName"]["Fn::Sub"])


@pytest.mark.parametrize("queue", sorted(set(QUEUES) - set(WORK_QUEUES)))
def test_dead_letters_raise_an_alarm(queue: str) -> None:
    """One message in a dead-letter queue raises an alarm that somebody can subscribe to."""
    alarms = [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    ]
    assert len(alarms) == 1
    assert (alarms[0]["ComparisonOperator"], alarms[0]["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarms[0]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize("queue", WORK_QUEUES)
def test_work_queue_feeds_one_function(queue: str) -> None:
    """One function reads a queue, alone may, names its failures one by one, and has time to: six time-outs."""
    readers = [
        (function, event["Properties"])
        for function, properties in resources("AWS::Serverless::Function").items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "SQS" and event["Properties"]["Queue"] == {"Fn::GetAtt": [queue, "Arn"]}
    ]
    assert len(readers) == 1
    function, source = readers[0]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    timeout = resources("AWS::Serverless::Function")[function]["Timeout"]
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * timeout
    may_receive = {
        name
        for name in FUNCTIONS
        for statement in statements(name)
        if "sqs:ReceiveMessage" in statement["Action"] and statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
    }
    assert may_receive == {function}


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_queues_are_encrypted(queue: str) -> None:
    """Every queue is encrypted at rest."""
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True


def test_relay_sees_committed_events_only() -> None:
    """The stream gives the relay insertions of audit entries; what it can't send in an hour goes to its own queue."""
    source = resources("AWS::Serverless::Function")["RelayFunction"]["Events"]["Transitions"]["Properties"]
    pattern = '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"kind":{"S":["event"]}}}}'
    assert source["FilterCriteria"]["Filters"] == [{"Pattern": pattern}]
    assert source["MaximumRecordAgeInSeconds"] == 21600
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["RelayDeadLetterQueue", "Arn"]}


def test_only_liveness_is_open() -> None:
    """Every route but liveness asks the authorizer, on every request anew."""
    auth = resources("AWS::Serverless::Api")["Api"]["Auth"]
    authorizer = auth["Authorizers"][auth["DefaultAuthorizer"]]
    assert authorizer["Identity"]["ReauthorizeEvery"] == 0
    events = resources("AWS::Serverless::Function")["RegistrationFunction"]["Events"].values()
    routes = {(event["Properties"]["Path"], event["Properties"]["Method"]): event["Properties"] for event in events}
    assert {route for route, properties in routes.items() if "Auth" in properties} == OPEN_ROUTES
    verbs = ("GET", "POST", "PUT", "PATCH", "DELETE")
    assert set(routes) - OPEN_ROUTES == {(path, verb) for path in ("/", "/{proxy+}") for verb in verbs}


def test_access_log_names_no_token() -> None:
    """The access log has the token's id at most, never a header, a query or a body."""
    setting = resources("AWS::Serverless::Api")["Api"]["AccessLogSetting"]["Fn::If"][1]
    for forbidden in ("header", "querystring", "authorizationToken", "requestOverride", "path("):
        assert forbidden not in setting["Format"]


def test_push_queue_takes_from_its_two_rules_only() -> None:
    """EventBridge may send to the push queue for the two rules of this stack and for no other."""
    (policy,) = resources("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    rules = sorted(arn["Fn::GetAtt"][0] for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert rules == sorted(resources("AWS::Events::Rule"))


def test_ecr_source_is_awss_own_by_default() -> None:
    """Nobody but AWS may announce pushes, unless a parameter that is empty by default adds a second source."""
    source = resources("AWS::Events::Rule")["EcrPushRule"]["EventPattern"]["source"]
    assert source == {"Fn::If": ["HasLocalEcrSource", ["aws.ecr", {"Ref": "LocalEcrSource"}], ["aws.ecr"]]}
    assert template()["Parameters"]["LocalEcrSource"]["Default"] == ""


def test_bucket_is_private_and_cleans_up_after_itself() -> None:
    """The bucket is encrypted, closed to the public, owned by the account, TLS only, and staging expires."""
    bucket = resources("AWS::S3::Bucket")["ArtifactsBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["abort-unfinished-uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    assert (rules["expire-staging"]["Prefix"], rules["expire-staging"]["ExpirationInDays"]) == ("staging/", 1)
    assert template()["Parameters"]["BucketTlsOnly"]["Default"] == "on"
    (policy,) = resources("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize("table", ["PluginsTable", "TokensTable"])
def test_tables_are_encrypted_and_recoverable(table: str) -> None:
    """Both tables are encrypted, can be restored to any moment, forget what expired, and outlive the stack."""
    properties = resources("AWS::DynamoDB::Table")[table]
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert template()["Resources"][table]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_unset_parameters_leave_their_variable_out() -> None:
    """A variable whose parameter is empty by default is absent then, not empty."""
    optional = {name for name, value in template()["Parameters"].items() if value.get("Default") == ""}
    for properties in resources("AWS::Serverless::Function").values():
        for name, value in properties["Environment"]["Variables"].items():
            if isinstance(value, dict) and value.get("Ref") in optional:
                pytest.fail(f"{name}: {value} needs an If with AWS::NoValue")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
