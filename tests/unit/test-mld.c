/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "captured" is what Linux 6.18 sends: Reports and Dones of a host at one end of a veth pair under
 * force_mld_version 1 and 2, and Queries of a bridge with mcast_querier at the other. The rest is
 * laid out by hand after RFC 2710, 3 and RFC 9777, 5, with checksums by another program.
 */
#include "group-content.h"

/* clang-format off */
static const struct content contents[] = {
	{ .name = "captured v1 Report",
	  .bytes = "60000000 00200001 fe800000 00000000 e037f2ff fef033dd ff0e0000 "
		"00000000 00000000 00010001 3a000502 00000100 83007a04 00000000 "
		"ff0e0000 00000000 00000000 00010001",
	  .type = GROUP_REPORT, .version = 1, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff0e::1:1",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "ff0e::1:1" } } },
	{ .name = "captured v1 Done",
	  .bytes = "60000000 00200001 fe800000 00000000 e037f2ff fef033dd ff020000 "
		"00000000 00000000 00000002 3a000502 00000100 84007910 00000000 "
		"ff0e0000 00000000 00000000 00010001",
	  .type = GROUP_LEAVE, .version = 1, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff02::2",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "ff0e::1:1" } } },
	{ .name = "captured v2 Report: any source joined",
	  .bytes = "60000000 00240001 fe800000 00000000 e037f2ff fef033dd ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f0069f6 00000001 "
		"04000000 ff0e0000 00000000 00000000 00010002",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff02::16",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "ff0e::1:2" } } },
	{ .name = "captured v2 Report: left",
	  .bytes = "60000000 00240001 fe800000 00000000 e037f2ff fef033dd ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f006af6 00000001 "
		"03000000 ff0e0000 00000000 00000000 00010002",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff02::16",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "ff0e::1:2" } } },
	{ .name = "captured v2 Report: a source joined",
	  .bytes = "60000000 00340001 fe800000 00000000 e037f2ff fef033dd ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f00baf8 00000001 "
		"05000001 ff3e0000 00000000 00000000 80000005 20010db8 00000000 "
		"00000000 00000001",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff02::16",
	  .records = { { GROUP_ALLOW_NEW_SOURCES, "ff3e::8000:5", { "2001:db8::1" } } } },
	{ .name = "captured v2 Report: two records",
	  .bytes = "60000000 00480001 fe800000 00000000 e037f2ff fef033dd ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f00b8d1 00000002 "
		"03000000 ff0e0000 00000000 00000000 00010002 05000001 ff3e0000 "
		"00000000 00000000 80000005 20010db8 00000000 00000000 00000001",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::e037:f2ff:fef0:33dd", .destination = "ff02::16",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "ff0e::1:2" }, { GROUP_ALLOW_NEW_SOURCES, "ff3e::8000:5", { "2001:db8::1" } } } },
	{ .name = "captured v1 General Query",
	  .bytes = "60000000 00200001 fe800000 00000000 64e644ff feb28a40 ff020000 "
		"00000000 00000000 00000001 3a000502 00000000 8200263f 27100000 "
		"00000000 00000000 00000000 00000000",
	  .type = GROUP_QUERY, .version = 1, .source = "fe80::64e6:44ff:feb2:8a40", .destination = "ff02::1",
	  .max_response_usec = 10000000,
	  .foreign = true },
	{ .name = "captured v1 Query of a group, to all nodes",
	  .bytes = "60000000 00200001 fe800000 00000000 64e644ff feb28a40 ff020000 "
		"00000000 00000000 00000001 3a000502 00000000 82004a55 03e80000 "
		"ff0e0000 00000000 00000000 00010002",
	  .type = GROUP_QUERY, .version = 1, .source = "fe80::64e6:44ff:feb2:8a40", .destination = "ff02::1",
	  .group = "ff0e::1:2",
	  .max_response_usec = 1000000,
	  .foreign = true },
	{ .name = "captured v2 General Query",
	  .bytes = "60000000 00240001 fe800000 00000000 64e644ff feb28a40 ff020000 "
		"00000000 00000000 00000001 3a000502 00000000 820023be 27100000 "
		"00000000 00000000 00000000 00000000 027d0000",
	  .type = GROUP_QUERY, .version = 2, .source = "fe80::64e6:44ff:feb2:8a40", .destination = "ff02::1",
	  .max_response_usec = 10000000,
	  .interval_usec = 125000000,
	  .robustness = 2,
	  .foreign = true },
	{ .name = "captured v2 Query of a group",
	  .bytes = "60000000 00240001 fe800000 00000000 64e644ff feb28a40 ff0e0000 "
		"00000000 00000000 00010002 3a000502 00000000 820047c6 03e80000 "
		"ff0e0000 00000000 00000000 00010002 027d0000",
	  .type = GROUP_QUERY, .version = 2, .source = "fe80::64e6:44ff:feb2:8a40", .destination = "ff0e::1:2",
	  .group = "ff0e::1:2",
	  .max_response_usec = 1000000,
	  .interval_usec = 125000000,
	  .robustness = 2,
	  .foreign = true },
	{ .name = "v1 General Query, longest time",
	  .bytes = "60000000 00200001 fe800000 00000000 00000000 00000002 ff020000 "
		"00000000 00000000 00000001 3a000502 00000100 82008026 ffff0000 "
		"00000000 00000000 00000000 00000000",
	  .type = GROUP_QUERY, .version = 1, .source = "fe80::2", .destination = "ff02::1",
	  .max_response_usec = 65535000 },
	{ .name = "v1 Query of a group",
	  .bytes = "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
		"00000000 00000000 00010001 3a000502 00000100 82007d20 03e80000 "
		"ff0e0000 00000000 00000000 00010001",
	  .type = GROUP_QUERY, .version = 1, .source = "fe80::2", .destination = "ff0e::1:1",
	  .group = "ff0e::1:1",
	  .max_response_usec = 1000000 },
	{ .name = "v2 Query, longest times, S, QRV 7, two sources",
	  .bytes = "60000000 00440001 fe800000 00000000 00000000 00000002 ff3e0000 "
		"00000000 00000000 80000005 3a000502 00000100 82001507 ffff0000 "
		"ff3e0000 00000000 00000000 80000005 0fff0002 20010db8 00000000 "
		"00000000 00000001 20010db8 00000000 00000000 00000002",
	  .type = GROUP_QUERY, .version = 2, .source = "fe80::2", .destination = "ff3e::8000:5",
	  .group = "ff3e::8000:5",
	  .max_response_usec = 8387584000,
	  .interval_usec = 31744000000,
	  .suppress = true,
	  .robustness = 7,
	  .sources = { "2001:db8::1", "2001:db8::2" } },
	{ .name = "v2 Query, 32.768 s: the first floating point code; additional data",
	  .bytes = "60000000 00270001 fe800000 00000000 00000000 00000002 ff020000 "
		"00000000 00000000 00000001 3a000502 00000100 8200099d 80000000 "
		"00000000 00000000 00000000 00000000 f27f0000 010203",
	  .type = GROUP_QUERY, .version = 2, .source = "fe80::2", .destination = "ff02::1",
	  .max_response_usec = 32768000,
	  .interval_usec = 127000000,
	  .robustness = 2,
	  .foreign = true },
	{ .name = "v1 Report with more behind it",
	  .bytes = "60000000 00230001 fe800000 00000000 00000000 00000002 ff0e0000 "
		"00000000 00000000 00010001 3a000502 00000100 8300bba2 00000000 "
		"ff0e0000 00000000 00000000 00010001 616263",
	  .type = GROUP_REPORT, .version = 1, .source = "fe80::2", .destination = "ff0e::1:1",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "ff0e::1:1" } },
	  .foreign = true },
	{ .name = "v2 Report without records",
	  .bytes = "60000000 00100001 fe800000 00000000 00000000 00000002 ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f007321 00000000",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::2", .destination = "ff02::16" },
	{ .name = "v2 Report: current state, two sources; any but one",
	  .bytes = "60000000 00680001 fe800000 00000000 00000000 00000002 ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f00683f 00000002 "
		"01000002 ff3e0000 00000000 00000000 80000005 20010db8 00000000 "
		"00000000 00000001 20010db8 00000000 00000000 00000002 02000001 "
		"ff0e0000 00000000 00000000 00010001 20010db8 00000000 00000000 "
		"00000001",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::2", .destination = "ff02::16",
	  .records = { { GROUP_MODE_IS_INCLUDE, "ff3e::8000:5", { "2001:db8::1", "2001:db8::2" } }, { GROUP_MODE_IS_EXCLUDE, "ff0e::1:1", { "2001:db8::1" } } } },
	{ .name = "v2 Report: records 0, 7 and of no group skipped, auxiliary and additional data too",
	  .bytes = "60000000 00b00001 fe800000 00000000 00000000 00000002 ff020000 "
		"00000000 00000000 00000016 3a000502 00000100 8f002305 00000005 "
		"07000001 ff0e0000 00000000 00000000 00010002 20010db8 00000000 "
		"00000000 00000001 04020001 ff0e0000 00000000 00000000 00010001 "
		"20010db8 00000000 00000000 00000001 41555849 4c494152 00000000 "
		"ff0e0000 00000000 00000000 00010002 04000000 20010db8 00000000 "
		"00000000 00000001 06000001 ff3e0000 00000000 00000000 80000005 "
		"20010db8 00000000 00000000 00000002 6d6f7265",
	  .type = GROUP_REPORT, .version = 2, .source = "fe80::2", .destination = "ff02::16",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "ff0e::1:1", { "2001:db8::1" } }, { GROUP_BLOCK_OLD_SOURCES, "ff3e::8000:5", { "2001:db8::2" } } },
	  .foreign = true },
	{ .name = "padding of the link; Hop-by-Hop Options of 16 bytes, one of them unknown",
	  .bytes = "60000000 00280001 fe800000 00000000 00000000 00000002 ff0e0000 "
		"00000000 00000000 00010001 3a011e02 aaaa0102 00000502 00000000 "
		"83008008 00000000 ff0e0000 00000000 00000000 00010001 ffffffff "
		"ffff",
	  .type = GROUP_REPORT, .version = 1, .source = "fe80::2", .destination = "ff0e::1:1",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "ff0e::1:1" } },
	  .padding = 6,
	  .foreign = true },
};

/* Checksums of these are right unless they are what is wrong. */
static const struct error_case errors[] = {
	{ "39 bytes", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 000100" },
	{ "nothing", GROUP_ERROR_IP,
	  "" },
	{ "version 7", GROUP_ERROR_IP,
	  "70000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "a byte is missing", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 000100" },
	{ "Hop-by-Hop Options of 7 bytes", GROUP_ERROR_IP,
	  "60000000 00070001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 000001" },
	{ "Hop-by-Hop Options beyond the end", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a040502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "Hop-by-Hop Options beyond the end, of nothing but padding", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a040502 00000100 00000000 00000000 "
	  "00000000 00000000 00000000 00000000" },
	{ "option beyond its header", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000103 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "option without a length", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000001 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "unknown option that is not to be skipped", GROUP_ERROR_IP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00004100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "UDP", GROUP_ERROR_TYPE,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 11000502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "type 134, Router Advertisement", GROUP_ERROR_TYPE,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 86007c26 00000000 "
	  "00000000 00000000 00000000 00000000" },
	{ "Neighbour Solicitation without options", GROUP_ERROR_TYPE,
	  "60000000 00183aff fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 87007b26 00000000 00000000 00000000 "
	  "00000000 00000000" },
	{ "3 bytes", GROUP_ERROR_SHORT,
	  "60000000 000b0001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 830000" },
	{ "v1 Report of 23 bytes", GROUP_ERROR_SHORT,
	  "60000000 001f0001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 8300800a 00000000 "
	  "ff0e0000 00000000 00000000 000100" },
	{ "v1 Done of 8 bytes", GROUP_ERROR_SHORT,
	  "60000000 00100001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000002 3a000502 00000100 84007e35 00000000" },
	{ "Query of 23 bytes", GROUP_ERROR_SHORT,
	  "60000000 001f0001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82008027 00000000 "
	  "00000000 00000000 00000000 000000" },
	{ "Query of 25 bytes", GROUP_ERROR_SHORT,
	  "60000000 00210001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82008025 00000000 "
	  "00000000 00000000 00000000 00000000 00" },
	{ "Query of 27 bytes", GROUP_ERROR_SHORT,
	  "60000000 00230001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82008023 00000000 "
	  "00000000 00000000 00000000 00000000 000000" },
	{ "hop limit 2", GROUP_ERROR_TTL,
	  "60000000 00200002 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "hop limit 255", GROUP_ERROR_TTL,
	  "60000000 002400ff fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 820079bd 03e80000 "
	  "00000000 00000000 00000000 00000000 027d0000" },
	{ "no Hop-by-Hop Options", GROUP_ERROR_ALERT,
	  "60000000 00183a01 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 83008008 00000000 ff0e0000 00000000 "
	  "00000000 00010001" },
	{ "Hop-by-Hop Options without Router Alert", GROUP_ERROR_ALERT,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000104 00000000 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "Router Alert of value 1, RSVP", GROUP_ERROR_ALERT,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00010100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "Query without Router Alert", GROUP_ERROR_ALERT,
	  "60000000 001c3a01 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 820079bd 03e80000 00000000 00000000 "
	  "00000000 00000000 027d0000" },
	{ "checksum", GROUP_ERROR_CHECKSUM,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83000102 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "checksum, wrong in the pseudo header alone", GROUP_ERROR_CHECKSUM,
	  "60000000 00200001 fe800000 00000000 00000000 00000003 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83008008 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "checksum, wrong in additional data alone", GROUP_ERROR_CHECKSUM,
	  "60000000 00140001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f009348 00000000 "
	  "6d6f7266" },
	{ "v1 Report from 2001:db8::1", GROUP_ERROR_SOURCE,
	  "60000000 00200001 20010db8 00000000 00000000 00000001 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 830050d1 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "v1 Report from ::", GROUP_ERROR_SOURCE,
	  "60000000 00200001 00000000 00000000 00000000 00000000 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 83007e8b 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "v1 Done from ::", GROUP_ERROR_SOURCE,
	  "60000000 00200001 00000000 00000000 00000000 00000000 ff020000 "
	  "00000000 00000000 00000002 3a000502 00000100 84007d97 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "v2 Report from 2001:db8::1", GROUP_ERROR_SOURCE,
	  "60000000 00100001 20010db8 00000000 00000000 00000001 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f0043ea 00000000" },
	{ "v2 Report from ::", GROUP_ERROR_SOURCE,
	  "60000000 00240001 00000000 00000000 00000000 00000000 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f006e7e 00000001 "
	  "04000000 ff0e0000 00000000 00000000 00010001" },
	{ "Query from ::", GROUP_ERROR_SOURCE,
	  "60000000 00240001 00000000 00000000 00000000 00000000 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82007840 03e80000 "
	  "00000000 00000000 00000000 00000000 027d0000" },
	{ "Query from ::1", GROUP_ERROR_SOURCE,
	  "60000000 00240001 00000000 00000000 00000000 00000001 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 8200783f 03e80000 "
	  "00000000 00000000 00000000 00000000 027d0000" },
	{ "v1 Report to another group", GROUP_ERROR_DESTINATION,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010002 3a000502 00000100 83008007 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "v1 Done to its group", GROUP_ERROR_DESTINATION,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 84007f08 00000000 "
	  "ff0e0000 00000000 00000000 00010001" },
	{ "v2 Report to all routers", GROUP_ERROR_DESTINATION,
	  "60000000 00100001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000002 3a000502 00000100 8f007335 00000000" },
	{ "General Query to a group", GROUP_ERROR_DESTINATION,
	  "60000000 00240001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010001 3a000502 00000100 820079b0 03e80000 "
	  "00000000 00000000 00000000 00000000 027d0000" },
	{ "Query to another group", GROUP_ERROR_DESTINATION,
	  "60000000 00240001 fe800000 00000000 00000000 00000002 ff0e0000 "
	  "00000000 00000000 00010002 3a000502 00000100 82007a9e 03e80000 "
	  "ff0e0000 00000000 00000000 00010001 027d0000" },
	{ "v1 Report of 2001:db8::1", GROUP_ERROR_GROUP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 20010db8 "
	  "00000000 00000000 00000001 3a000502 00000100 830022b6 00000000 "
	  "20010db8 00000000 00000000 00000001" },
	{ "v1 Done of ::", GROUP_ERROR_GROUP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000002 3a000502 00000100 84007e25 00000000 "
	  "00000000 00000000 00000000 00000000" },
	{ "v1 Query of 2001:db8::1", GROUP_ERROR_GROUP,
	  "60000000 00200001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 8200526c 00000000 "
	  "20010db8 00000000 00000000 00000001" },
	{ "v2 Query of fe80::1", GROUP_ERROR_GROUP,
	  "60000000 00240001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82007f23 00000000 "
	  "fe800000 00000000 00000000 00000001 027d0000" },
	{ "v2 General Query with a source", GROUP_ERROR_GROUP,
	  "60000000 00340001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000001 3a000502 00000100 82004bf2 03e80000 "
	  "00000000 00000000 00000000 00000000 027d0001 20010db8 00000000 "
	  "00000000 00000001" },
	{ "v2 Query that counts one source too many", GROUP_ERROR_SHORT,
	  "60000000 00340001 fe800000 00000000 00000000 00000002 ff3e0000 "
	  "00000000 00000000 80000005 3a000502 00000100 82004c6c 03e80000 "
	  "ff3e0000 00000000 00000000 80000005 027d0002 20010db8 00000000 "
	  "00000000 00000001" },
	{ "v2 Query that counts 65535 sources", GROUP_ERROR_SHORT,
	  "60000000 00240001 fe800000 00000000 00000000 00000002 ff3e0000 "
	  "00000000 00000000 80000005 3a000502 00000100 82007a38 03e80000 "
	  "ff3e0000 00000000 00000000 80000005 027dffff" },
	{ "v2 Report that counts a record too many", GROUP_ERROR_SHORT,
	  "60000000 00240001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f006ffa 00000002 "
	  "04000000 ff0e0000 00000000 00000000 00010001" },
	{ "v2 Report, record of 19 bytes", GROUP_ERROR_SHORT,
	  "60000000 00230001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f006ffd 00000001 "
	  "04000000 ff0e0000 00000000 00000000 000100" },
	{ "v2 Report, record that counts a source too many", GROUP_ERROR_SHORT,
	  "60000000 00340001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f00c0fb 00000001 "
	  "05000002 ff3e0000 00000000 00000000 80000005 20010db8 00000000 "
	  "00000000 00000001" },
	{ "v2 Report, auxiliary data beyond the end", GROUP_ERROR_SHORT,
	  "60000000 00280001 fe800000 00000000 00000000 00000002 ff020000 "
	  "00000000 00000000 00000016 3a000502 00000100 8f00ab2e 00000001 "
	  "04020000 ff0e0000 00000000 00000000 00010001 61626364" },
};
/* clang-format on */

static void test_parse(void **state)
{
	check_parse(contents, ARRAY_SIZE(contents));
}

static void test_build(void **state)
{
	check_build(contents, ARRAY_SIZE(contents));
}

static void test_errors(void **state)
{
	check_errors(errors, ARRAY_SIZE(errors));
}

static void test_truncated(void **state)
{
	check_truncated(contents, ARRAY_SIZE(contents));
}

static void test_unicast(void **state)
{
	size_t i, done = 0;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		if (contents[i].foreign)
			continue;
		print_message("    %s\n", contents[i].name);
		check_unicast(&contents[i], "2001:db8::7", "ff02::99");
		done++;
	}
	assert_true(done > 0);
}

/* RFC 9777, 5.1.3: (mant | 0x1000) << (exp + 3), and the next lower one for what lies between. */
static const struct {
	uint64_t usec;
	uint16_t code;
	uint64_t parsed_usec;
} codes[] = {
	{ UINT64_C(0), 0x0, UINT64_C(0) },
	{ UINT64_C(32767000), 0x7fff, UINT64_C(32767000) },
	{ UINT64_C(32768000), 0x8000, UINT64_C(32768000) },
	{ UINT64_C(32775000), 0x8000, UINT64_C(32768000) },
	{ UINT64_C(32776000), 0x8001, UINT64_C(32776000) },
	{ UINT64_C(65528000), 0x8fff, UINT64_C(65528000) },
	{ UINT64_C(65536000), 0x9000, UINT64_C(65536000) },
	{ UINT64_C(8387584000), 0xffff, UINT64_C(8387584000) },
	{ UINT64_C(8387583000), 0xfffe, UINT64_C(8386560000) },
	{ UINT64_C(1000000000000), 0xffff, UINT64_C(8387584000) },
};

static void test_codes(void **state)
{
	struct content content = { .type = GROUP_QUERY, .version = 2, .source = "fe80::1" };
	struct group_message message;
	uint8_t buf[256];
	ssize_t n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		content.max_response_usec = codes[i].usec;
		n = content_build(&content, NULL, buf, sizeof(buf));
		assert_true(n > 0);
		assert_int_equal(buf[52] << 8 | buf[53], codes[i].code);
		assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_STRICT, &message),
				 GROUP_ERROR_NONE);
		assert_int_equal(message.query.max_response_usec, codes[i].parsed_usec);
	}
}

static const struct content unbuildable[] = {
	{ "version 0", .type = GROUP_QUERY, .version = 0, .source = "fe80::1" },
	{ "version 3", .type = GROUP_QUERY, .version = 3, .source = "fe80::1" },
	{ "v1 Query of a source", .type = GROUP_QUERY, .version = 1, .source = "fe80::1",
	  .group = "ff3e::1", .sources = { "2001:db8::1" } },
	{ "General Query of a source", .type = GROUP_QUERY, .version = 2, .source = "fe80::1",
	  .sources = { "2001:db8::1" } },
	{ "MLD Query of an IPv4 group", .type = GROUP_QUERY, .version = 2, .source = "fe80::1",
	  .group = "239.1.2.3" },
	{ "Report of version 3", .type = GROUP_REPORT, .version = 3, .source = "fe80::2" },
	{ "v1 Report without a record", .type = GROUP_REPORT, .version = 1, .source = "fe80::2" },
	{ "v1 Report of a source", .type = GROUP_REPORT, .version = 1, .source = "fe80::2",
	  .records = { { GROUP_ALLOW_NEW_SOURCES, "ff3e::1", { "2001:db8::1" } } } },
	{ "MLD Report of an IPv4 group", .type = GROUP_REPORT, .version = 2, .source = "fe80::2",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "239.1.2.3" } } },
};

static void assert_unbuildable(const struct content *content)
{
	uint8_t buf[256];

	print_message("    %s\n", content->name);
	assert_int_equal(content_build(content, NULL, buf, sizeof(buf)), -EINVAL);
}

static void test_unbuildable(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unbuildable); i++)
		assert_unbuildable(&unbuildable[i]);
}

static void test_unspecified(void **state)
{
	const struct content report = { .type = GROUP_REPORT,
					.version = 2,
					.source = "::",
					.records = { { GROUP_CHANGE_TO_EXCLUDE, "ff0e::1" } } };
	const struct content report1 = { .type = GROUP_REPORT,
					 .version = 1,
					 .source = "::",
					 .records = { { GROUP_MODE_IS_EXCLUDE, "ff0e::1" } } };
	const struct content query = { .type = GROUP_QUERY, .version = 2, .source = "::" };
	struct group_message message;
	uint8_t buf[256];
	ssize_t n;

	n = content_build(&report, NULL, buf, sizeof(buf));
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_STRICT, &message),
			 GROUP_ERROR_SOURCE);
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_UNICAST, &message),
			 GROUP_ERROR_NONE);
	assert_address(&message.source, "::");
	n = content_build(&report1, NULL, buf, sizeof(buf));
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_UNICAST, &message),
			 GROUP_ERROR_SOURCE);
	n = content_build(&query, NULL, buf, sizeof(buf));
	assert_int_equal(group_message_parse(buf, (size_t)n, GROUP_UNICAST, &message),
			 GROUP_ERROR_SOURCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	    cmocka_unit_test(test_build),
		cmocka_unit_test(test_errors),	    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_unicast),	    cmocka_unit_test(test_codes),
		cmocka_unit_test(test_unbuildable), cmocka_unit_test(test_unspecified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
