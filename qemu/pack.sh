# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0
#
# Taking files of this machine along into the guest.  To be sourced by
# qemu/run, whose variables it uses:
#
#   stage     the directory that becomes the guest's root
#   base_dir  of qemu/base: what the guest has anyway
#
# Dynamically linked programs get their libraries.  In the guest these all lie
# in the directories where the loader looks by itself, so that no path of the
# build and no LD_LIBRARY_PATH (which is lost over setuid) is needed there.

packed_command=
declare -A packed_libraries=() # path in the guest: path here
declare -A packed_from=() # path in the guest, of a mapping: path here

# pack_copy HOST GUEST: a file or directory, symbolic links followed at the top
pack_copy() {
	local host=$1 guest=$stage$2
	[[ -e $host ]] || usage_error "$host: no such file"
	mkdir -p "$(dirname "$guest")"
	packed_from[$2]=$host
	if [[ -d $host ]]; then
		mkdir -p "$guest"
		cp -a "$host/." "$guest/"
	else
		rm -f "$guest"
		cp -L --preserve=mode,timestamps "$host" "$guest"
	fi
}

# pack_mapping HOST[:GUEST]
pack_mapping() {
	local host=${1%%:*} guest=
	[[ $1 != *:* ]] || guest=${1#*:}
	[[ $host ]] || usage_error "--file $1: names no file"
	[[ -e $host ]] || usage_error "--file $host: no such file"
	host=$(realpath -s "$host")
	[[ $guest ]] || guest=/root/
	[[ $guest == /* ]] || guest=/root/$guest
	[[ $guest != */ ]] || guest+=$(basename "$host")
	pack_copy "$host" "$guest"
}

# pack_command WORD: sets packed_command to what is to be executed
pack_command() {
	local word=$1 tool=$top/build/tools/$1
	packed_command=$word
	if [[ $word == */* ]]; then
		[[ $word == /* ]] && pack_known "$word" && return
		if [[ -f $word ]]; then
			packed_command=/root/$(basename "$word")
			if [[ -e $stage$packed_command ]] &&
				! cmp -s "$word" "$stage$packed_command"; then
				usage_error "$word and a --file are both" \
					"$packed_command in the guest"
			fi
			pack_copy "$(realpath "$word")" "$packed_command"
		fi
	elif [[ -f $tool && -x $tool ]] &&
		! grep -q "/s\?bin/$word\$" "$base_dir/paths"; then
		packed_command=/usr/local/bin/$word
		pack_copy "$tool" "$packed_command"
	fi
}

# Does the guest have this path already?
pack_known() {
	[[ -e $stage$1 || -L $stage$1 ]] || grep -qxF -- "$1" "$base_dir/paths"
}

# The staged files that the kernel would hand to a loader, or that are loaded.
pack_elf_files() {
	find "$stage" -type f ! -name '*.ko' ! -name '*.o' -print0 |
		xargs -0 -r grep -l -m 1 -a -z $'^\x7fELF' 2> /dev/null || true
}

# The shells that staged scripts name.  Others would not be complete anyway.
pack_interpreters() {
	local shell
	find "$stage" -type f -perm /111 -print0 |
		xargs -0 -r -n 1 head -q -n 1 2> /dev/null | tr -d '\0' |
		sed -n 's,^#! *\(/usr\)\?/bin/\(env \)\?\(bash\|dash\)\>.*,\3,p' |
		sort -u |
		while read -r shell; do
			pack_known "/bin/$shell" || pack_copy "/bin/$shell" "/bin/$shell"
		done
}

pack_libraries() {
	local file
	pack_interpreters
	while read -r file; do
		pack_libraries_of "$file"
	done < <(pack_elf_files)
}

# Where a staged file was taken from: a run path may start at $ORIGIN.
pack_origin() {
	local guest=${1#"$stage"} rest=''
	while [[ $guest && ! ${packed_from[$guest]-} ]]; do
		rest=/${guest##*/}$rest
		guest=${guest%/*}
	done
	if [[ $guest ]]; then
		echo "${packed_from[$guest]}$rest"
	else
		echo "$1"
	fi
}

# ldd has the loader itself say what it takes, for either word size.
pack_libraries_of() {
	local file=$1 line name path host class list
	host=$(pack_origin "$file")
	list=$(LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$top/build/libcapipc \
		ldd "$host" 2> /dev/null) || return 0 # static
	class=64
	[[ $(od -An -j 4 -N 1 -t u1 "$file") -ne 1 ]] || class=32
	while read -r line; do
		case $line in
		*'=> not found')
			die "${file#"$stage"} needs ${line%% *}, which is not" \
				"found; set LD_LIBRARY_PATH or its run path"
			;;
		*' => /'*)
			name=${line%% *}
			path=${line#* => }
			path=${path% (*}
			# the loader, named by another loader's directory
			[[ $name != /* ]] || pack_library "$path" "$name"
			[[ $name == /* ]] || pack_library "$path" "$(pack_place $class "$name")"
			;;
		/*' ('*)
			path=${line% (*}
			pack_library "$path" "$path"
			;;
		esac
	done <<< "$list"
	# what the C library loads when a thread is cancelled
	pack_libgcc $class
}

pack_libgcc() {
	local flag=-m$1 path
	[[ ! ${packed_libraries[libgcc$1]-} ]] || return 0
	packed_libraries[libgcc$1]=1
	path=$(cc "$flag" -print-file-name=libgcc_s.so.1 2> /dev/null || true)
	[[ $path == /* ]] || return 0
	pack_library "$path" "$(pack_place "$1" libgcc_s.so.1)"
}

pack_place() {
	if [[ $1 == 64 ]]; then
		echo "/lib/x86_64-linux-gnu/$2"
	else
		echo "/lib32/$2"
	fi
}

pack_library() {
	local path=$1 guest=$2
	if [[ ${packed_libraries[$guest]-} ]]; then
		[[ ${packed_libraries[$guest]} == "$path" ]] ||
			cmp -s "$path" "$stage$guest" ||
			die "two libraries want to be $guest: $path and" \
				"${packed_libraries[$guest]}"
		return 0
	fi
	packed_libraries[$guest]=$path
	# one that --file put there is meant
	[[ ! -e $stage$guest ]] || return 0
	pack_copy "$path" "$guest"
}
