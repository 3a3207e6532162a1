#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that the code shown in the documentation is code that is compiled.

Usage: check_snippets.py SOURCE_DIRECTORY

Each fenced block marked c, cpp, cmake or python in README.md and docs/ must occur, line for line,
in a source file: those of README.md marked c or cpp in examples/, others anywhere outside docs/.
Common indentation is ignored.
"""
import pathlib
import re
import sys
import textwrap

FENCE = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
CHECKED = ('c', 'cpp', 'cmake', 'python')
SOURCES = ('.c', '.cpp', '.h', '.hpp', '.py', '.cmake', 'CMakeLists.txt')
FOLDERS = ('include', 'src', 'cmake', 'examples', 'bench', 'tests', 'integrations')


def lines(text):
    """The lines without indentation and trailing space, as one text that begins and ends a line."""
    return '\n' + '\n'.join(line.strip() for line in text.strip().splitlines()) + '\n'


def sources(root, folders):
    files = [root / 'CMakeLists.txt']
    for folder in folders:
        files += [f for f in sorted((root / folder).rglob('*')) if f.name.endswith(SOURCES)]
    return [lines(f.read_text(encoding='utf-8')) for f in files if f.is_file()]


def main():
    root = pathlib.Path(sys.argv[1])
    everything, examples = sources(root, FOLDERS), sources(root, ['examples'])
    checked = missing = 0
    for page in [root / 'README.md', *sorted((root / 'docs').glob('*.md'))]:
        for language, code in FENCE.findall(page.read_text(encoding='utf-8')):
            if language not in CHECKED:
                continue
            checked += 1
            compiled = page.name == 'README.md' and language in ('c', 'cpp')
            if not any(lines(code) in text for text in (examples if compiled else everything)):
                missing += 1
                print('%s shows code that is in no %s:\n%s' % (
                    page.relative_to(root), 'example' if compiled else 'source file',
                    textwrap.indent(code, '    ')))
    print('%d snippets, %d of them not in the sources' % (checked, missing))
    return 1 if missing or not checked else 0


if __name__ == '__main__':
    sys.exit(main())
