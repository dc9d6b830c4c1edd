// SPDX-License-Identifier: GPL-2.0
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include "sdbus.h"

#ifdef HAVE_SDBUS
struct sdbus sd;

bool sdbus_load(void)
{
	static const struct {
		const char *symbol;
		size_t at;
	} symbols[] = {
#define _(name) { "sd_bus_" #name, offsetof(struct sdbus, name) },
		SDBUS_FUNCTIONS(_) _(object_vtable_format)
#undef _
	};
	static bool loaded;
	void *library, *found;
	size_t n;

	if (loaded)
		return true;
	/* stays, as what was found in it does */
	library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
	for (n = 0; n < sizeof(symbols) / sizeof(symbols[0]); n++) {
		found = dlsym(library, symbols[n].symbol);
		if (!found)
			return false;
		*(void **)((char *)&sd + symbols[n].at) = found;
	}
	loaded = true;
	return true;
}
#endif
