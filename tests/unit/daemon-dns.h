/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name server at the peer's 192.0.2.1 that knows the relays of some sources, RFC 8777. All other
 * names do not exist.
 */
#ifndef TESTS_UNIT_DAEMON_DNS_H
#define TESTS_UNIT_DAEMON_DNS_H

#define DNS_SETTINGS "[Relay]\nDNS=192.0.2.1\nDNSSEC=no\n"

void dns_open(void);
void dns_close(void);

/* One more relay of the source. Both are addresses of IPv4. */
void dns_add(const char *source, const char *relay);

#endif
