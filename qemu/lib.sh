# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts in this directory share: messages, the cache, progress.  To be
# sourced.
#
# The cache is ${CAPIPC_CACHE:-~/.cache/capipc}.  It may be deleted at any time.
# An entry is a directory whose name says what made it, so it never changes: it
# is made under a temporary name, with a lock on it, and renamed when whole.

# shellcheck disable=SC2034 # used by those who source this
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=qemu/$(basename "$0")
cache=${CAPIPC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/capipc}

# No command fails silently, but 125 comes from someone who has said why.
set -E
trap '(($? != 125)) || exit 125; die "line $LINENO: failed: $BASH_COMMAND"' ERR

die() {
	echo "$me: $*" >&2
	exit 125
}

# Progress; qemu/check tells it from other output by the dashes.
say() {
	echo "-- $*" >&2
}

# hash_of WORD...: a short name for all of them together
hash_of() {
	printf '%s\0' "$@" | sha256sum | cut -c 1-12
}

# cache_entry DIR BUILDER ARGS...
#
# Makes sure that DIR is there, by calling BUILDER TMPDIR ARGS.  BUILDER runs
# under set -e, and lists in TMPDIR/.proof the files that tell a whole entry
# from one that somebody has begun to delete.  Never call this in a condition:
# that would switch set -e off.
cache_entry() {
	local dir=$1 builder=$2 tmp lock
	shift 2
	cache_whole "$dir" && return
	mkdir -p "$(dirname "$dir")" || die "cannot make $(dirname "$dir")"
	exec {lock}> "$dir.lock"
	if ! flock -n "$lock"; then
		say "waiting for another run that makes $dir"
		flock "$lock"
	fi
	if ! cache_whole "$dir"; then
		# we hold the lock: what lies there is a leftover
		rm -rf "$dir" "$dir".tmp.*
		cache_tidy "$(dirname "$dir")" {lock}>&-
		tmp=$(mktemp -d "$dir.tmp.XXXXXX")
		chmod 755 "$tmp"
		"$builder" "$tmp" "$@" {lock}>&-
		mv -T "$tmp" "$dir"
	fi
	exec {lock}>&-
}

# What was interrupted under another name lies about too: whose lock is free, and
# what no run has asked for in a month.
cache_tidy() {
	local path
	for path in "$1"/*.tmp.*; do
		[[ -e $path ]] || continue
		flock -n "${path%.tmp.*}.lock" rm -rf "$path" || true
	done
	find "$1" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
}

cache_whole() {
	local file
	[[ -s $1/.proof ]] || return 1
	while read -r file; do
		[[ -e $1/$file ]] || return 1
	done < "$1/.proof"
	touch -c "$1"
}

# Runs a command with its output in a log and a line of progress now and then;
# returns its status.  progress LABEL LOG COMMAND...
progress() {
	local label=$1 log=$2 pid start=$SECONDS last=$SECONDS status=0
	shift 2
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	# a background process does not hear Ctrl-C
	trap 'kill "$pid"; exit 130' INT TERM HUP
	while kill -0 "$pid" 2> /dev/null; do
		sleep 1
		if [[ -t 2 ]]; then
			printf '\r-- %s: %d steps, %d s ' "$label" \
				"$(wc -l < "$log")" $((SECONDS - start)) >&2
		elif ((SECONDS - last >= 20)); then
			last=$SECONDS
			say "$label: $(wc -l < "$log") steps," \
				"$((SECONDS - start)) s"
		fi
	done
	trap - INT TERM HUP
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
	wait "$pid" || status=$?
	((status)) || say "$label: done in $((SECONDS - start)) s"
	return "$status"
}

# The same for what must not fail.
with_progress() {
	progress "$@" && return
	cp "$2" "$cache/failed.log"
	tail -n 15 "$2" >&2
	die "$1 failed; the whole log is $cache/failed.log"
}

# make_cpio DIR: an initramfs of what is in it, root's. In the same order and with the
# same times: how many instructions it takes to read them depends on that.
make_cpio() {
	(
		cd "$1" || exit
		find . -exec touch -h -d 2024-01-01 {} +
		find . | LC_ALL=C sort |
			cpio -o -H newc -R 0:0 --reproducible --quiet
	)
}

need() {
	command -v "$1" > /dev/null ||
		die "no $1 on this machine; run qemu/install-packages"
}

# copy_selftests DIR: build/selftests, of which some are not wanted somewhere.
copy_selftests() {
	rm -rf "$1"
	cp -a "$top/build/selftests" "$1"
}

# debug_selftests DIR: those of build/selftests that are for the debug kernel, which
# takes several times as long.  What 32-bit callers go through that others do not
# is the entry and the layout of the ABI: there it runs those of their tests that
# are about these.
debug_selftests() {
	copy_selftests "$1"
	find "$1" -name '*_test_32' ! -name 'abi_*' ! -name 'call_test_32' \
		! -name 'transfer_test_32' ! -name 'receive_test_32' -delete
}

# stock_selftests DIR: for 32-bit callers without those that are about races, accounts,
# netlink and files: nothing of that differs for them.
stock_selftests() {
	local name
	copy_selftests "$1"
	for name in '*race' '*stress' death 'account*' audit carrier collect 'dump*' \
		event fdinfo limit machine module rate share '*stall' 'subscribe*' trace; do
		find "$1" -name "${name}_test_32" -delete
	done
}

# half_of_selftests DIR N: only every other program, from the first (0) or second (1).
half_of_selftests() {
	find "$1" -name '*_test*' -type f | sort |
		awk -v n="$2" 'NR % 2 == n' | xargs -r rm
}
