"""A clean Debian root, made without a network from the packages that this machine has installed.

    the machine's dpkg ──► what is essential, and what was asked for with all that it depends on
                             │ their files, as they are on this machine
                             ▼
                           DIR, with a dpkg that knows these packages and no others

What a package does not say that it needs is not there, as on a machine that was just installed.
"""

import pathlib
import re
import shutil
import subprocess

DPKG = pathlib.Path("var/lib/dpkg")
LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|info|i18n|bug|lintian)/.")  # it is neither run nor read


class NotInstalled(Exception):
    """The root would need a package that this machine does not have."""


def read_status():
    """The installed packages by name, each as the text that dpkg has of it, and its fields."""
    packages = {}
    native = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    for text in pathlib.Path("/", DPKG, "status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE))
        if fields.get("Status") == "install ok installed" and fields["Architecture"] in (native, "all"):
            packages[fields["Package"]] = (text.strip("\n"), fields)
    return packages


def closure(packages, relations):
    """The names of essential packages, and of those that satisfy the relations and theirs in turn."""
    providers = {name: name for name in packages}
    for name, (_, fields) in packages.items():
        for provided in alternatives(fields.get("Provides", "").replace(",", "|")):
            providers.setdefault(provided, name)
    names = set()
    waiting = [name for name, (_, fields) in packages.items() if fields.get("Essential") == "yes"]
    waiting += relations.split(",")
    while waiting:
        relation = waiting.pop()
        name = next((providers[one] for one in alternatives(relation) if one in providers), None)
        if name is None:
            raise NotInstalled(relation.strip())
        if name not in names:
            names.add(name)
            for field in "Pre-Depends", "Depends":
                waiting += packages[name][1][field].split(",") if field in packages[name][1] else []
    return names


def alternatives(relation):
    """The names in "libc6 (>= 2.36) | libc6.1:any"."""
    return re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9.+-]+)", relation)


def copy(root, names):
    """Copies the packages' files, and what dpkg knows of them."""
    wanted = []
    for path in pathlib.Path("/", DPKG, "info").iterdir():  # such as libc6:amd64.list, adduser.postinst
        if path.name.rpartition(".")[0].partition(":")[0] in names:
            shutil.copy2(path, root / DPKG / "info")
            if path.suffix == ".list":
                wanted += path.read_text().splitlines()
    wanted = sorted({path for path in wanted if path not in ("/.", "") and not LEFT_OUT.match(path)})
    present = [path for path in wanted if pathlib.Path(path).is_symlink() or pathlib.Path(path).exists()]
    listing = "\0".join("." + path for path in present).encode()
    pack = subprocess.Popen(["tar", "-C", "/", "--create", "--no-recursion", "--null", "--verbatim-files-from",
                             "--files-from=-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unpack = subprocess.Popen(["tar", "-C", root, "--extract", "--keep-directory-symlink", "--preserve-permissions"],
                              stdin=pack.stdout)
    pack.stdout.close()
    pack.stdin.write(listing)
    pack.stdin.close()
    if pack.wait() or unpack.wait():
        raise OSError("could not copy the packages' files")


def settle(root):
    """Does what the packages' scripts do when they are installed for the first time."""
    shutil.copy(root / "usr/share/base-passwd/passwd.master", root / "etc/passwd")
    shutil.copy(root / "usr/share/base-passwd/group.master", root / "etc/group")
    shutil.copy(root / "usr/share/libc-bin/nsswitch.conf", root / "etc/nsswitch.conf")
    if not (root / "var/run").is_symlink():
        (root / "var/run").symlink_to("/run")
    for choice in pathlib.Path("/", DPKG, "alternatives").iterdir():  # such as awk, which is mawk
        name = pathlib.Path("etc/alternatives", choice.name)
        if not pathlib.Path("/", name).is_symlink():
            continue
        link = root / choice.read_text().splitlines()[1].lstrip("/")
        target = pathlib.Path("/", name).readlink()
        if (root / target.relative_to("/")).exists() and not link.is_symlink():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).symlink_to(target)
            link.symlink_to(pathlib.Path("/", name))
    subprocess.run(["ldconfig", "-r", root], check=True)


def make(root, relations):
    """Makes the root in an empty directory.

    relations: what has to be in it, as in a Depends field.  NotInstalled: not all of it is there."""
    packages = read_status()
    names = closure(packages, relations)
    for directory in "dev", "etc", "mnt", "proc", "run", "sys", "usr/bin", "usr/sbin", "usr/lib", DPKG / "info", \
            DPKG / "updates", DPKG / "triggers", DPKG / "alternatives":
        (root / directory).mkdir(parents=True, exist_ok=True)
    for link in "bin", "sbin", "lib", "lib32", "lib64", "libx32":
        if pathlib.Path("/", link).is_symlink():
            (root / "usr" / link).mkdir(exist_ok=True)
            (root / link).symlink_to(f"usr/{link}")
    for directory in "tmp", "var/tmp":
        (root / directory).mkdir(exist_ok=True)
        (root / directory).chmod(0o1777)
    copy(root, names)
    shutil.copy(pathlib.Path("/", DPKG, "info/format"), root / DPKG / "info")
    (root / DPKG / "status").write_text("".join(packages[name][0] + "\n\n" for name in sorted(names)))
    settle(root)
