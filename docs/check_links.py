#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check that the links of the documentation lead somewhere.

Usage: check_links.py [--online]

Files and headings of this repository always; other sites with --online only. Needs markdown-it
(Debian: python3-markdown-it).
"""
import pathlib
import re
import sys
import urllib.request

import markdown_it

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARSER = markdown_it.MarkdownIt()


def tokens(path):
    for token in PARSER.parse(path.read_text(encoding='utf-8')):
        yield token
        yield from token.children or ()


def headings(path):
    """Names of a page's headings as GitHub makes them."""
    found, inside = set(), False
    for token in PARSER.parse(path.read_text(encoding='utf-8')):
        if inside and token.type == 'inline':
            text = re.sub(r'[^\w\- ]', '', token.content.lower())
            found.add(text.replace(' ', '-'))
        inside = token.type == 'heading_open'
    return found


def complaint(page, target, online):
    if re.match(r'[a-z]+:', target):
        if not online or not target.startswith('http'):
            return None
        try:
            request = urllib.request.Request(target, headers={'User-Agent': 'check_links'})
            with urllib.request.urlopen(request, timeout=30):
                return None
        except OSError as error:
            return str(error)
    name, _, anchor = target.partition('#')
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return 'no such file'
    if anchor and path.suffix == '.md' and anchor not in headings(path):
        return 'no such heading'
    return None


def main():
    online = '--online' in sys.argv[1:]
    checked = wrong = 0
    for page in sorted([*ROOT.glob('*.md'), *(ROOT / 'docs').glob('*.md')]):
        for token in tokens(page):
            target = token.attrs.get('href') or token.attrs.get('src')
            if not target:
                continue
            checked += 1
            why = complaint(page, target, online)
            if why:
                wrong += 1
                print('%s: %s: %s' % (page.relative_to(ROOT), target, why))
    print('%d links, %d of them wrong' % (checked, wrong))
    return 1 if wrong or not checked else 0


if __name__ == '__main__':
    sys.exit(main())
