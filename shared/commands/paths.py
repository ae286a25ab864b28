"""Paths that a file:// command may name: standard directories, and places that no plugin runs from.

Directories: https://refspecs.linuxfoundation.org/FHS_3.0/fhs-3.0.html
"""

from typing import Final

STANDARD_DIRECTORIES: Final = ("/usr/local/bin/", "/usr/bin/", "/bin/")
"""Where installed executables live; elsewhere the product's document warns."""

DENIED_DIRECTORIES: Final = (
    *("/proc/", "/sys/", "/dev/", "/run/", "/var/run/", "/boot/"),  # of the kernel and the running system
    *("/etc/", "/root/"),  # configuration and secrets, not programs
    *("/tmp/", "/var/tmp/"),  # noqa: S108 - named here because anybody may write there
)

_SYSTEM_DIRECTORIES: Final = frozenset({"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"})
DENIED_PROGRAMS: Final = frozenset(
    {
        *("sh", "ash", "bash", "csh", "dash", "fish", "ksh", "rbash", "tcsh", "zsh", "busybox", "toybox"),  # shells
        *(
            "awk",
            "gawk",
            "mawk",
            "lua",
            "node",
            "nodejs",
            "perl",
            "php",
            "python",
            "ruby",
            "sed",
            "tclsh",
            "deno",
            "bun",
        ),
        *("env", "exec", "nice", "nohup", "setsid", "stdbuf", "sudo", "su", "doas", "timeout", "time", "xargs", "find"),
        *("chroot", "nsenter", "unshare", "ssh", "scp", "sftp", "socat", "nc", "ncat", "netcat", "telnet"),
        *("curl", "wget", "ftp", "tftp", "rsync", "git", "docker", "podman", "kubectl", "gdb", "strace", "vi", "vim"),
        *("rm", "dd", "cp", "mv", "cat", "chmod", "chown", "tee", "tar", "mount", "umount", "kill", "systemctl"),
    }
)
"""Interpreters, programs that start others, downloaders and system tools in the system's own directories."""

_LOADERS: Final = ("ld-linux", "ld-musl", "ld.so")  # a dynamic loader runs whatever it is given
_VERSION_CHARACTERS: Final = "0123456789.-"


def in_standard_directory(path: str) -> bool:
    """Say whether an absolute, normalised path is below a standard directory."""
    return path.startswith(STANDARD_DIRECTORIES)


def path_denied(path: str) -> bool:
    """Say whether an absolute, normalised path is one that no setting opens."""
    if path.startswith(DENIED_DIRECTORIES) or f"{path}/" in DENIED_DIRECTORIES:
        return True
    directory, _, name = path.rpartition("/")
    if name.startswith(_LOADERS):
        return True
    if directory not in _SYSTEM_DIRECTORIES:
        return False
    return name in DENIED_PROGRAMS or name.rstrip(_VERSION_CHARACTERS) in DENIED_PROGRAMS
