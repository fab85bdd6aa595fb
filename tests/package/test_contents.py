#!/usr/bin/env python3
"""The Debian package: makes it, as "./bootstrap package" does, and looks into it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import axond

BUILD = pathlib.Path(axond.AXOND).parent
PROGRAMS = "usr/bin/axond", "usr/bin/axonctl"


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in "dpkg-shlibdeps", "file", "strip", "gzip":
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{program} is not installed; ./bootstrap deps test does that")
        cls.path = cls.make()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.root = pathlib.Path(directory.name)
        subprocess.run(["dpkg-deb", "-x", cls.path, cls.root], check=True)
        cls.files = {str(path.relative_to(cls.root)) for path in cls.root.rglob("*") if not path.is_dir()}

    @staticmethod
    def make():
        made = output("cpack", "--config", BUILD / "CPackConfig.cmake")
        return pathlib.Path(re.search(r"package: (.*\.deb) generated", made).group(1))

    def test_is_the_same_when_it_is_made_again(self):
        before = self.path.read_bytes()

        self.assertEqual(self.make().read_bytes(), before)

    def test_has_all_that_is_installed_without_it(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["cmake", "--install", BUILD], env={**os.environ, "DESTDIR": directory}, check=True,
                           stdout=subprocess.DEVNULL)
            installed = {str(path.relative_to(directory)) for path in pathlib.Path(directory).rglob("*")
                         if not path.is_dir()}

        there = self.files | {path.removesuffix(".gz") for path in self.files}
        self.assertEqual(installed - there, {"usr/share/doc/axond/LICENSE"})  # Debian has that

    def test_has_programs_that_are_stripped_and_hardened(self):
        for program in PROGRAMS:
            path = self.root / program
            sections = output("readelf", "--wide", "--sections", path)
            dynamic = output("readelf", "--wide", "--dynamic", path)

            self.assertNotIn(".symtab", sections)
            self.assertNotIn(".debug_info", sections)
            self.assertIn("DYN (Position-Independent Executable file)", output("readelf", "--file-header", path))
            self.assertIn("GNU_RELRO", output("readelf", "--wide", "--segments", path))
            self.assertRegex(dynamic, r"BIND_NOW|FLAGS_1.*NOW")
            symbols = output("readelf", "--wide", "--dyn-syms", path)
            self.assertRegex(symbols, r"__snprintf_chk@")  # fortified
            self.assertRegex(symbols, r"__stack_chk_fail@")

    def test_names_every_file_in_etc_as_a_conffile(self):
        conffiles = output("dpkg-deb", "--info", self.path, "conffiles").split()

        self.assertIn("/etc/axond/axond.yaml", conffiles)
        self.assertEqual(set(conffiles), {"/" + path for path in self.files if path.startswith("etc/")})

    def test_says_which_packages_the_programs_need(self):
        depends = output("dpkg-deb", "--field", self.path, "Depends")

        for library in "libc6 (>= ", "libev4", "libyaml-0-2", "libjansson4", "libc-ares2", "libsystemd0":
            self.assertIn(library, depends)

    def test_belongs_to_root(self):
        for line in output("dpkg-deb", "--contents", self.path).splitlines():
            mode, owner = line.split()[:2]
            self.assertEqual(owner, "root/root", line)
            self.assertRegex(mode, r"\Ad?-?rw[x-]r-[x-]r-[x-]\Z|\Al", line)

    def test_is_what_lintian_wants(self):
        """No error and no warning; what is overridden has its reason in systemd/package/lintian-overrides."""
        if shutil.which("lintian") is None:
            self.skipTest("lintian is not installed; ./bootstrap deps lint does that")
        command = ["lintian", "--no-cfg", self.path]
        if not any(path.startswith("usr/share/man/") for path in self.files):
            command.append("--suppress-tags=no-manual-page")  # once there are pages, each program needs one
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    axond.main()
