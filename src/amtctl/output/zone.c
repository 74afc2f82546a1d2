/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/zone.h"

void zone_append(json_t *array, const struct amtrelay *relays, size_t n, const char *source,
		 const char *owner)
{
	char text[AMTRELAY_TEXT_MAX], hex[AMTRELAY_GENERIC_MAX];
	json_t *records = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(records,
				      json_pack("{ss, ss}", "amtrelay",
						amtrelay_format(&relays[i], text), "type260",
						amtrelay_format_generic(&relays[i], hex)));
	json_array_append_new(array, json_pack("{ss, ss, so}", "source", source, "owner", owner,
					       "records", records));
}
