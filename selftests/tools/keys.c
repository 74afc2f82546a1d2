/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Print the keys of device files, "Section.Key", and "Section.*" for one that takes any. */
#include "device/config-keys.h"

#include <stdio.h>

int main(void)
{
	const struct config_key *key;

	for (size_t i = 0; (key = config_key(i)); i++)
		printf("%s.%s\n", key->section, key->key ? key->key : "*");
	return 0;
}
