"""Attribute names that types of the standard library have: a use on an unknown receiver may be theirs."""

from __future__ import annotations

import argparse
import asyncio
import collections
import datetime
import io
import logging
import pathlib
import re
import socket
import subprocess
import threading
import unittest

_TYPES = (
    *(str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, range, slice, property, type),
    *(collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter),
    *(io.BytesIO, io.StringIO, io.FileIO, io.BufferedReader, io.TextIOWrapper, pathlib.Path, re.Pattern, re.Match),
    *(datetime.datetime, datetime.timedelta, logging.Logger, logging.Handler, logging.LogRecord, socket.socket),
    *(threading.Thread, threading.Event, threading.Condition, subprocess.Popen, argparse.ArgumentParser),
    *(asyncio.AbstractEventLoop, asyncio.Future, asyncio.Queue, unittest.TestCase, BaseException),
)

COMMON = frozenset(name for kind in _TYPES for name in dir(kind))
