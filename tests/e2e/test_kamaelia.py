"""tests/KAMAELIA.md names tests that there are."""

import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).parent.parent
PAGE = (TESTS / "KAMAELIA.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:e2e/)?[a-z_]+/test_[a-z0-9_]+)`", PAGE)))
BAD = sorted(set(re.findall(r"`bad/([a-z_]+)`", PAGE)))


def missing(name):
    """What is wrong with "box/test_one" or "e2e/reload/test_two"; None: nothing."""
    *folder, file, test = name.split("/")
    path = TESTS / "e2e" / f"test_{file}.py" if folder else TESTS / f"test_{file}.c"
    if not path.exists():
        return f"there is no {path.name}"
    pattern = rf"def {test}\(" if folder else rf"cmocka_unit_test\w*\({test}[,)]"
    return None if re.search(pattern, path.read_text()) else f"{path.name} has no {test}"


class Page(unittest.TestCase):
    def test_names_tests_that_there_are(self):
        self.assertGreater(len(NAMED), 50)
        self.assertEqual([], [reason for reason in map(missing, NAMED) if reason])

    def test_names_graphs_that_there_are(self):
        self.assertGreater(len(BAD), 2)
        self.assertEqual([], [name for name in BAD if not (TESTS / "bad" / f"{name}.yaml").exists()])

    def test_would_notice_one_that_is_not(self):
        self.assertIsNotNone(missing("box/test_that_nobody_wrote"))
        self.assertIsNotNone(missing("nowhere/test_that_nobody_wrote"))
        self.assertIsNotNone(missing("e2e/reload/test_that_nobody_wrote"))


if __name__ == "__main__":
    unittest.main()
