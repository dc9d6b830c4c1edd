# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0
#
# What capipc-bench compares capipc with and a guest does not have by itself: binder,
# and a message bus.  To be sourced after lib.sh.

peers_tool=$top/build/bench/capipc-bench

# capipc-bench with D-Bus in it, apart from that of "make tools", which may lack it.
peers_build() {
	make -s -C "$top/tools" O="$top/build/bench" \
		SYSTEMD_INCLUDE="$("$top/qemu/dbus")/usr/include" "$peers_tool"
}

# peers_options KERNEL: sets peers_options to what qemu/run is to be told, and peers_wanted
# to those that have to be there then.
peers_options=() peers_wanted=
peers_options() {
	local kernel=$1 dbus libraries=/lib/x86_64-linux-gnu
	dbus=$("$top/qemu/dbus")
	peers_options=(--file "$dbus/usr/bin/dbus-broker:/usr/bin/"
		--file "$libraries/libsystemd.so.0:$libraries/")
	peers_wanted=dbus
	# not every kernel has it
	if [[ $kernel == stock ]] ||
		compgen -G "$("$top/qemu/kernel" "$kernel")/lib/modules/*/*/*/*/binder_linux.*" \
			> /dev/null; then
		peers_options+=(--module "binder_linux devices=binder")
		peers_wanted+=,binder
	fi
}
