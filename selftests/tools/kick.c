/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kick a gateway device: kick LOCAL PORT RELAY RELAY-PORT. */
#include "kernel/kick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct kick_target target = { 0 };
	struct kick *kick = NULL;
	int r;

	if (argc != 5 || address_parse(argv[1], &target.local) < 0 ||
	    address_parse(argv[3], &target.relay) < 0) {
		fprintf(stderr, "usage: kick LOCAL PORT RELAY RELAY-PORT\n");
		return 2;
	}
	target.port = (uint16_t)atoi(argv[2]);
	target.relay_port = (uint16_t)atoi(argv[4]);

	r = kick_open(&kick);
	if (r >= 0)
		r = kick_send(kick, &target);
	kick_close(kick);
	if (r < 0)
		fprintf(stderr, "kick: %s\n", strerror(-r));
	return r < 0;
}
