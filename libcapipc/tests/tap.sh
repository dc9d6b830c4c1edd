# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# The least that a test script needs to print TAP. To be sourced in the
# directory of the library.

tests=0
failures=0

# ok DESCRIPTION COMMAND...: the command has to succeed; its output is shown if not
ok() {
	what=$1
	shift
	tests=$((tests + 1))
	if output=$("$@" 2>&1); then
		echo "ok $tests - $what"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $what"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
