# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0
#
# Debian's archive: which version of a package there is, and packages as files.
# Nothing is installed.  To be sourced after lib.sh.
#
# At first all is about what this machine's apt is set up with.  After
# "archive_use SUITE..." it is about other suites of Debian, from the same
# mirror; this machine's own package lists do not hear of that.

# To be raised by who changes what archive_make() makes.
readonly archive_recipe=1

archive_options=()

apt_get() {
	apt-get -q "${archive_options[@]}" "$@"
}

apt_cache() {
	apt-cache "${archive_options[@]}" "$@"
}

# archive_use SUITE...: a package that several have comes from the first
archive_use() {
	local mirror dir
	mirror=$(archive_mirror)
	[[ $mirror ]] || die "apt knows no mirror of Debian;" \
		"run qemu/install-packages, or apt-get update"
	# they are as old as the machine's own lists
	dir=$cache/archive/$1-$(hash_of "$mirror" "$*" "$archive_recipe" \
		"$(stat -c %Y /var/lib/apt/lists)")
	cache_entry "$dir" archive_make "$mirror" "$@"
	archive_set_options "$dir" "$1"
}

# Whichever way the sources of this machine are written, apt has read them.
archive_mirror() {
	# shellcheck disable=SC2016 # for apt to expand
	apt-get indextargets --format \
		'$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk '/^Debian Debian main / && !seen { print $4; seen = 1 }'
}

archive_set_options() {
	archive_options=(-o "Dir::State=$1" -o "Dir::State::status=$1/status"
		-o "Dir::Cache=$1/cache" -o Dir::Etc::sourcelist=/dev/null
		-o "Dir::Etc::sourceparts=$1/sources"
		-o Dir::Etc::preferences=/dev/null
		-o Dir::Etc::preferencesparts=/dev/null
		-o "APT::Default-Release=$2" -o APT::Architecture=amd64
		-o Acquire::Languages=none -o APT::Update::Error-Mode=any)
	# whom apt becomes cannot look into the cache of root
	((EUID != 0)) || archive_options+=(-o APT::Sandbox::User=root)
}

archive_make() {
	local tmp=$1 mirror=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg
	shift 2
	mkdir -p "$tmp"/{sources,lists/partial,cache/archives/partial}
	: > "$tmp/status"
	{
		printf '%s\n' 'Types: deb' "URIs: $mirror" "Suites: $*" \
			'Components: main' 'Architectures: amd64' \
			'Targets: Packages'
		[[ ! -r $keys ]] || echo "Signed-By: $keys"
	} > "$tmp/sources/debian.sources"
	say "fetching the package lists of $*"
	archive_set_options "$tmp" "$1"
	apt_get update > "$tmp/apt.log" 2>&1 || {
		tail -n 5 "$tmp/apt.log" >&2
		die "cannot fetch the package lists of $*"
	}
	(cd "$tmp" && printf '%s\n' sources/debian.sources status \
		lists/*_Packages*) > "$tmp/.proof"
}

# archive_pinned NAME COMMAND...: what COMMAND says.  Asking apt takes a while, so
# the answer is kept until the package lists of this machine change.
archive_pinned() {
	local pin=$cache/$1 answer
	shift
	if [[ ! -s $pin || /var/lib/apt/lists -nt $pin ]]; then
		# in a shell of its own, which may use other suites
		answer=$("$@")
		mkdir -p "$cache"
		echo "$answer" > "$pin.$$"
		mv "$pin.$$" "$pin"
	fi
	cat "$pin"
}

# The version of PACKAGE that apt would install, or nothing.
archive_candidate() {
	apt_cache policy "$1" 2> /dev/null |
		sed -n 's/^  Candidate: \([^(].*\)/\1/p'
}

# archive_depends PACKAGE[=VERSION]: the names, but for alternatives
archive_depends() {
	apt_cache depends "$1" 2> /dev/null | sed -n 's/^ *Depends: \([^<]*\)$/\1/p'
}

# archive_fetch DIR PACKAGE[=VERSION]...: the packages as files in DIR
archive_fetch() {
	local dir=$1 log=$1/apt.log what
	shift
	what=$*
	(($# <= 8)) || what="$# packages"
	say "fetching $what"
	if ! progress fetching "$log" archive_download "$dir" "$@"; then
		# Lists that are too old name files that are gone.
		if ((EUID == 0)) || ((${#archive_options[@]})); then
			say "apt-get update"
			apt_get update >> "$log" 2>&1 || true
		fi
		archive_download "$dir" "$@" >> "$log" 2>&1 || {
			tail -n 5 "$log" >&2
			# ask again which versions there are
			rm -f "$cache"/{stock*,dbus}-version "$cache"/stock*-toolchain
			die "cannot fetch $what; if the network is up," \
				"there are newer ones by now: try again"
		}
	fi
	rm -f "$log"
}

archive_download() {
	cd "$1" && apt_get download "${@:2}"
}

# archive_unpack DEB DIR: its files, with the directories where DIR has them
archive_unpack() {
	dpkg-deb --fsys-tarfile "$1" |
		tar -x -C "$2" --no-same-owner --keep-directory-symlink
	rm "$1"
}

# ----------------------------------------------------- kernels in the archive

# The suites that a kernel of Debian comes from; none: those of this machine.
stock_suites() {
	case $1 in
	stock) ;;
	stock-6.12) echo bookworm-backports ;;
	stock-7) echo trixie-backports trixie ;;
	esac
}

# For what follows in this shell.
stock_use() {
	local -a suites
	read -r -a suites <<< "$(stock_suites "$1")"
	((${#suites[@]} == 0)) || archive_use "${suites[@]}"
}

# The kernel that linux-image-amd64 stands for there, "6.1.0-56-amd64 6.1.192-2":
# what uname says in it, and the version of the package.
stock_version() {
	archive_pinned "$1-version" stock_ask_version "$1"
}

stock_ask_version() {
	local release version
	stock_use "$1"
	release=$(archive_depends linux-image-amd64 |
		sed -n 's/^linux-image-\([0-9].*\)/\1/p')
	[[ $release ]] || die "apt knows no linux-image-amd64 for $1;" \
		"run qemu/install-packages, or apt-get update"
	version=$(archive_candidate "linux-image-$release")
	[[ $version ]] || die "apt knows no linux-image-$release"
	echo "$release $version"
}

# Prints the path of the kernel source as Debian packs it, for the version of
# the stock kernel.
source_tarball() {
	local release version
	read -r release version < <(stock_version stock)
	cache_entry "$cache/source/$version" make_source "$release" "$version"
	echo "$cache/source/$version/linux.tar.xz"
}

make_source() {
	local tmp=$1 release=$2 version=$3 series
	series=$(cut -d. -f1,2 <<< "$release")
	archive_fetch "$tmp" "linux-source-$series=$version"
	dpkg-deb --fsys-tarfile "$tmp"/*.deb |
		tar -x -C "$tmp" --transform 's,.*/,,' --wildcards '*.tar.xz'
	rm "$tmp"/*.deb
	mv "$tmp"/*.tar.xz "$tmp/linux.tar.xz"
	echo linux.tar.xz > "$tmp/.proof"
}
