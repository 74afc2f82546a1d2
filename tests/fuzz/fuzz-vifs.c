/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as the numbers of a routing table's interfaces: none is there twice. */
#include "amtd/forward/vifs.h"
#include "input.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int vifs[MROUTE_INTERFACES];
	char *text = strndup((const char *)data, size);

	if (vifs_parse(text, vifs) == 0)
		for (int i = 0; i < MROUTE_INTERFACES; i++)
			for (int j = 0; j < i; j++)
				REQUIRE(vifs[i] >= 0 && (vifs[i] == 0 || vifs[i] != vifs[j]));
	free(text);
	return 0;
}
