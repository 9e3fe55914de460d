"""What avp-run shows while it runs: a bar on a terminal, plain lines elsewhere."""
import fcntl
import os
import pty
import re
import struct
import termios
import threading
import unittest

from command import CommandTest

TAKE_AWAY = "\r\x1b[K"


class Progress(CommandTest):
    def shown_on_terminal(self, *arguments, columns=120, **options):
        """What a run writes to a terminal on stderr, and its outcome."""
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        shown = bytearray()

        def read():
            try:
                while chunk := os.read(terminal, 65536):
                    shown.extend(chunk)
            except OSError:  # the other side is closed
                pass

        process = self.start(*arguments, stderr=end, **options)
        os.close(end)
        reader = threading.Thread(target=read)
        reader.start()
        outcome = self.finish(process)
        reader.join()
        os.close(terminal)
        self.assertEqual(outcome.status, 0, outcome)
        return shown.decode(), outcome

    def test_a_bar_on_a_terminal(self):
        shown, outcome = self.shown_on_terminal("--mode", "all")
        bars = shown.split(TAKE_AWAY)[1:]
        self.assertEqual(bars[-1], "", "it is taken away at the end")
        drawn = [bar for bar in bars if bar]
        for bar in drawn:
            self.assertRegex(bar, r"^\[[#.]{24}\] \d+/12 tasks  \d+\.\d\d tasks/s  \d+ tokens/s(  \d+:\d\d left)?$")
        self.assertTrue(drawn[-1].startswith("[" + 24 * "#" + "] 12/12 tasks"), drawn[-1])
        self.assertIn(" left", "".join(drawn))
        self.assertNotIn("\x1b", outcome.out)

    def test_a_bar_of_unknown_length(self):
        self.write_pipeline('file = "questions.jsonl"', 'file = "-"')
        with open(self.folder / "questions.jsonl", encoding="utf-8") as stdin:
            shown, _ = self.shown_on_terminal(stdin=stdin)
        self.assertRegex(shown, r"4 tasks  \d+\.\d\d tasks/s")
        self.assertNotIn("left", shown)

    def test_a_narrow_terminal_gets_a_short_bar(self):
        shown, _ = self.shown_on_terminal(columns=40)
        bars = [bar for bar in shown.split(TAKE_AWAY)[1:] if bar]
        self.assertTrue(bars)
        self.assertLessEqual(max(map(len, bars)), 39)

    def test_no_bar_where_it_is_not_wanted(self):
        for arguments in (["--quiet"], ["--ask", "Why?"]):
            shown, _ = self.shown_on_terminal(*arguments)
            self.assertNotIn("tasks/s", shown)

    def test_a_pipe_gets_plain_lines(self):
        outcome = self.run_command()
        self.assertEqual(outcome.status, 0, outcome)
        self.assertNotRegex(outcome.out + outcome.err, re.compile("[\x1b\r]"))
        self.assertNotIn("tasks/s", outcome.err)


if __name__ == "__main__":
    unittest.main()
