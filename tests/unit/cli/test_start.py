"""How the command starts."""

import subprocess
import sys


def test_help_imports_nothing_heavy() -> None:
    """Help and usage errors come without the HTTP library, AWS or the policy: the command starts at once."""
    script = (
        "import sys; from cli.main import main; main(['--help'])\n"
        "heavy = {'requests', 'urllib3', 'boto3', 'botocore', 'pydantic', 'grpc', 'oras', 'shared.commands'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stderr.strip() == "[]"


def test_python_m_cli_is_the_command() -> None:
    """`python -m cli` behaves as `plugport` does, exit code included."""
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "nothing"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2
    assert "usage: plugport" in ended.stderr
