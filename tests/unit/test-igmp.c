/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "captured" is what Linux 6.18 sends: Reports and Leaves of a host at one end of a veth pair under
 * force_igmp_version 1, 2 and 3, and Queries of a bridge with mcast_querier at the other. The rest
 * is laid out by hand after RFC 1112, appendix I, RFC 2236, 2 and RFC 9776, 4, with checksums by
 * another program.
 */
#include "group-cases.h"

/* clang-format off */
static const struct content contents[] = {
	{ .name = "captured v1 Report",
	  .bytes = "46c00020 00004000 0102e90a 0a090002 ef010201 94040000 1200fcfc "
		"ef010201",
	  .type = GROUP_REPORT, .version = 1, .source = "10.9.0.2", .destination = "239.1.2.1",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.1" } } },
	{ .name = "captured v2 Report",
	  .bytes = "46c00020 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
		"ef010202",
	  .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2", .destination = "239.1.2.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.2" } } },
	{ .name = "captured v2 Leave",
	  .bytes = "46c00020 00004000 0102fa0a 0a090002 e0000002 94040000 1700f7fb "
		"ef010202",
	  .type = GROUP_LEAVE, .version = 2, .source = "10.9.0.2", .destination = "224.0.0.2",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "239.1.2.2" } } },
	{ .name = "captured v3 Report: any source joined",
	  .bytes = "46c00028 00004000 0102f9ee 0a090002 e0000016 94040000 2200e8f9 "
		"00000001 04000000 ef010203",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "239.1.2.3" } } },
	{ .name = "captured v3 Report: left",
	  .bytes = "46c00028 00004000 0102f9ee 0a090002 e0000016 94040000 2200e9f9 "
		"00000001 03000000 ef010203",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "239.1.2.3" } } },
	{ .name = "captured v3 Report: two sources joined",
	  .bytes = "46c00030 00004000 0102f9e6 0a090002 e0000016 94040000 22006af3 "
		"00000001 05000002 e8010203 c0000201 c0000202",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_ALLOW_NEW_SOURCES, "232.1.2.3", { "192.0.2.1", "192.0.2.2" } } } },
	{ .name = "captured v3 Report: one of them left",
	  .bytes = "46c0002c 00004000 0102f9ea 0a090002 e0000016 94040000 22002bf7 "
		"00000001 06000001 e8010203 c0000201",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_BLOCK_OLD_SOURCES, "232.1.2.3", { "192.0.2.1" } } } },
	{ .name = "captured v3 Report: two records",
	  .bytes = "46c00034 00004000 0102f9e2 0a090002 e0000016 94040000 220037f2 "
		"00000002 06000001 e8010203 c0000201 03000000 ef010202",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_BLOCK_OLD_SOURCES, "232.1.2.3", { "192.0.2.1" } }, { GROUP_CHANGE_TO_INCLUDE, "239.1.2.2" } } },
	{ .name = "captured v2 General Query",
	  .bytes = "46c00020 00004000 0102fa0c 0a090001 e0000001 94040000 1164ee9b "
		"00000000",
	  .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 10000000 },
	{ .name = "captured v2 Group-Specific Query, to all systems",
	  .bytes = "46c00020 00004000 0102fa0c 0a090001 e0000001 94040000 110afdf1 "
		"ef010202",
	  .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .group = "239.1.2.2",
	  .max_response_usec = 1000000,
	  .foreign = true },
	{ .name = "captured v3 General Query",
	  .bytes = "46c00024 00004000 0102fa08 0a090001 e0000001 94040000 1164ec1e "
		"00000000 027d0000",
	  .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 10000000,
	  .interval_usec = 125000000,
	  .robustness = 2 },
	{ .name = "captured v3 Group-Specific Query",
	  .bytes = "46c00024 00004000 0102e906 0a090001 ef010202 94040000 110afb74 "
		"ef010202 027d0000",
	  .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1", .destination = "239.1.2.2",
	  .group = "239.1.2.2",
	  .max_response_usec = 1000000,
	  .interval_usec = 125000000,
	  .robustness = 2 },
	{ .name = "captured v3 Query of a source",
	  .bytes = "46c00028 00004000 0102f001 0a090001 e8010203 94040000 110a4071 "
		"e8010203 027d0001 c0000201",
	  .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1", .destination = "232.1.2.3",
	  .group = "232.1.2.3",
	  .max_response_usec = 1000000,
	  .interval_usec = 125000000,
	  .robustness = 2,
	  .sources = { "192.0.2.1" } },
	{ .name = "v1 Query",
	  .bytes = "46c00020 00004000 0102fa0c 0a090001 e0000001 94040000 1100eeff "
		"00000000",
	  .type = GROUP_QUERY, .version = 1, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 10000000 },
	{ .name = "v1 Query without Router Alert",
	  .bytes = "45c0001c 00004000 01028f15 0a090001 e0000001 1100eeff 00000000",
	  .type = GROUP_QUERY, .version = 1, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 10000000,
	  .foreign = true },
	{ .name = "v1 Query, its unused group set",
	  .bytes = "46c00020 00004000 0102fa0c 0a090001 e0000001 94040000 1100fdfa "
		"ef010203",
	  .type = GROUP_QUERY, .version = 1, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 10000000,
	  .foreign = true },
	{ .name = "v1 Report without Router Alert",
	  .bytes = "45c0001c 00004000 01027e13 0a090002 ef010201 1200fcfc ef010201",
	  .type = GROUP_REPORT, .version = 1, .source = "10.9.0.2", .destination = "239.1.2.1",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.1" } },
	  .foreign = true },
	{ .name = "v2 Group-Specific Query",
	  .bytes = "46c00020 00004000 0102e90a 0a090001 ef010202 94040000 110afdf1 "
		"ef010202",
	  .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1", .destination = "239.1.2.2",
	  .group = "239.1.2.2",
	  .max_response_usec = 1000000 },
	{ .name = "v2 Query, 25.5 s: no floating point",
	  .bytes = "46c00020 00004000 0102fa0c 0a090001 e0000001 94040000 11ffee00 "
		"00000000",
	  .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .max_response_usec = 25500000 },
	{ .name = "v3 Query, longest times, S, QRV 7, two sources",
	  .bytes = "46c0002c 00004000 0102effd 0a090001 e8010203 94040000 11ff6ff6 "
		"e8010203 0fff0002 c0000201 c0000202",
	  .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1", .destination = "232.1.2.3",
	  .group = "232.1.2.3",
	  .max_response_usec = 3174400000,
	  .interval_usec = 31744000000,
	  .suppress = true,
	  .robustness = 7,
	  .sources = { "192.0.2.1", "192.0.2.2" } },
	{ .name = "v3 Query, reserved bits and additional data",
	  .bytes = "46c00027 00004000 0102fa05 0a090001 e0000001 94040000 1100f87c "
		"00000000 f2800000 010203",
	  .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1", .destination = "224.0.0.1",
	  .interval_usec = 128000000,
	  .robustness = 2,
	  .foreign = true },
	{ .name = "Query from 0.0.0.0",
	  .bytes = "46c00024 00004000 01020413 00000000 e0000001 94040000 1164ec1e "
		"00000000 027d0000",
	  .type = GROUP_QUERY, .version = 3, .source = "0.0.0.0", .destination = "224.0.0.1",
	  .max_response_usec = 10000000,
	  .interval_usec = 125000000,
	  .robustness = 2 },
	{ .name = "v2 Report from 0.0.0.0",
	  .bytes = "46c00020 00004000 0102f314 00000000 ef010202 94040000 1600f8fb "
		"ef010202",
	  .type = GROUP_REPORT, .version = 2, .source = "0.0.0.0", .destination = "239.1.2.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.2" } } },
	{ .name = "v2 Report with more behind it",
	  .bytes = "46c00023 00004000 0102e906 0a090002 ef010202 94040000 16003499 "
		"ef010202 616263",
	  .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2", .destination = "239.1.2.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.2" } },
	  .foreign = true },
	{ .name = "v2 Leave to the group",
	  .bytes = "46c00020 00004000 0102e909 0a090002 ef010202 94040000 1700f7fb "
		"ef010202",
	  .type = GROUP_LEAVE, .version = 2, .source = "10.9.0.2", .destination = "239.1.2.2",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "239.1.2.2" } },
	  .foreign = true },
	{ .name = "v3 Report without records",
	  .bytes = "46c00020 00004000 0102f9f6 0a090002 e0000016 94040000 2200ddff "
		"00000000",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22" },
	{ .name = "v3 Report: current state, three sources; any but one",
	  .bytes = "46c00040 00004000 0102f9d6 0a090002 e0000016 94040000 2200f7dd "
		"00000002 01000003 e8010203 c0000201 c0000202 c0000203 02000001 "
		"ef010203 c0000209",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_MODE_IS_INCLUDE, "232.1.2.3", { "192.0.2.1", "192.0.2.2", "192.0.2.3" } }, { GROUP_MODE_IS_EXCLUDE, "239.1.2.3", { "192.0.2.9" } } } },
	{ .name = "v3 Report: records 0, 7 and of no group skipped, auxiliary and additional data too",
	  .bytes = "46c0005c 00004000 0102f9ba 0a090002 e0000016 94040000 220020a3 "
		"00000005 07000001 ef090909 01020304 04020001 ef010203 c0000209 "
		"41555849 4c494152 00000000 ef090909 04000000 0a010203 03000000 "
		"ef010204 6d6f7265",
	  .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2", .destination = "224.0.0.22",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "239.1.2.3", { "192.0.2.9" } }, { GROUP_CHANGE_TO_INCLUDE, "239.1.2.4" } },
	  .foreign = true },
	{ .name = "padding of the link, and other options before Router Alert",
	  .bytes = "47c00024 00004000 0102e3fa 0a090002 ef010202 01070304 94040000 "
		"1600f8fb ef010202 ffffffff ffffffff ffffffff ffff",
	  .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2", .destination = "239.1.2.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.2" } },
	  .padding = 14,
	  .foreign = true },
};

/* Checksums of these are right unless they are what is wrong. */
static const struct error_case errors[] = {
	{ "19 bytes", GROUP_ERROR_IP,
	  "46c00020 00004000 0102e909 0a090002 ef0102" },
	{ "version 5", GROUP_ERROR_IP,
	  "56c00020 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "header length 16", GROUP_ERROR_IP,
	  "44c00020 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "header beyond the end", GROUP_ERROR_IP,
	  "4fc00020 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "a byte is missing", GROUP_ERROR_IP,
	  "46c00020 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
	  "ef0102" },
	{ "total length less than the header", GROUP_ERROR_IP,
	  "46c00017 00004000 0102e909 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "first fragment", GROUP_ERROR_IP,
	  "46c00020 00002000 0102090a 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "last fragment", GROUP_ERROR_IP,
	  "46c00020 00000001 01022909 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "option of length 1", GROUP_ERROR_IP,
	  "46c00020 00004000 0102760d 0a090002 ef010202 07010000 1600f8fb "
	  "ef010202" },
	{ "option beyond the header", GROUP_ERROR_IP,
	  "46c00020 00004000 0102e908 0a090002 ef010202 94050000 1600f8fb "
	  "ef010202" },
	{ "option without a length", GROUP_ERROR_IP,
	  "46c00020 00004000 01027b06 0a090002 ef010202 01010107 1600f8fb "
	  "ef010202" },
	{ "UDP", GROUP_ERROR_TYPE,
	  "46c00020 00004000 0111e8fa 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "type 0x13, DVMRP", GROUP_ERROR_TYPE,
	  "46c00020 00004000 0102e909 0a090002 ef010202 94040000 1300fbfb "
	  "ef010202" },
	{ "type 0x23", GROUP_ERROR_TYPE,
	  "46c00020 00004000 0102f9f6 0a090002 e0000016 94040000 2300dcff "
	  "00000000" },
	{ "7 bytes", GROUP_ERROR_SHORT,
	  "46c0001f 00004000 0102e90a 0a090002 ef010202 94040000 1600f8fd "
	  "ef0102" },
	{ "no message", GROUP_ERROR_SHORT,
	  "46c00018 00004000 0102e911 0a090002 ef010202 94040000" },
	{ "TTL 2", GROUP_ERROR_TTL,
	  "46c00020 00004000 0202e809 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "TTL 0", GROUP_ERROR_TTL,
	  "46c00020 00004000 0002ea09 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "v1 Report, TTL 64", GROUP_ERROR_TTL,
	  "46c00020 00004000 4002aa0a 0a090002 ef010201 94040000 1200fcfc "
	  "ef010201" },
	{ "v2 Report without Router Alert", GROUP_ERROR_ALERT,
	  "45c0001c 00004000 01027e12 0a090002 ef010202 1600f8fb ef010202" },
	{ "Router Alert of value 1", GROUP_ERROR_ALERT,
	  "46c00020 00004000 0102e908 0a090002 ef010202 94040001 1600f8fb "
	  "ef010202" },
	{ "Router Alert behind the end of options", GROUP_ERROR_ALERT,
	  "47c00024 00004000 0102e805 0a090002 ef010202 00000000 94040000 "
	  "1600f8fb ef010202" },
	{ "v2 Query without Router Alert", GROUP_ERROR_ALERT,
	  "45c0001c 00004000 01028f15 0a090001 e0000001 1164ee9b 00000000" },
	{ "v3 Query without Router Alert", GROUP_ERROR_ALERT,
	  "45c00020 00004000 01028f11 0a090001 e0000001 1164ec1e 00000000 "
	  "027d0000" },
	{ "v3 Report without Router Alert", GROUP_ERROR_ALERT,
	  "45c00024 00004000 01028ef7 0a090002 e0000016 2200e8f9 00000001 "
	  "04000000 ef010203" },
	{ "v2 Leave without Router Alert", GROUP_ERROR_ALERT,
	  "45c0001c 00004000 01028f13 0a090002 e0000002 1700f7fb ef010202" },
	{ "checksum of the header", GROUP_ERROR_CHECKSUM,
	  "46c00020 00004000 0102e908 0a090002 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "checksum of the message", GROUP_ERROR_CHECKSUM,
	  "46c00020 00004000 0102e909 0a090002 ef010202 94040000 16000102 "
	  "ef010202" },
	{ "checksum, wrong in additional data alone", GROUP_ERROR_CHECKSUM,
	  "46c00024 00004000 0102f9f2 0a090002 e0000016 94040000 2200fe2a "
	  "00000000 6d6f7266" },
	{ "source 224.0.0.1", GROUP_ERROR_SOURCE,
	  "46c00020 00004000 01021313 e0000001 ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "source 255.255.255.255", GROUP_ERROR_SOURCE,
	  "46c00020 00004000 0102f314 ffffffff ef010202 94040000 1600f8fb "
	  "ef010202" },
	{ "v2 Report to another group", GROUP_ERROR_DESTINATION,
	  "46c00020 00004000 0102e908 0a090002 ef010203 94040000 1600f8fb "
	  "ef010202" },
	{ "v2 Report to all routers", GROUP_ERROR_DESTINATION,
	  "46c00020 00004000 0102fa0a 0a090002 e0000002 94040000 1600f8fb "
	  "ef010202" },
	{ "v1 Report to all systems", GROUP_ERROR_DESTINATION,
	  "46c00020 00004000 0102fa0b 0a090002 e0000001 94040000 1200fcfc "
	  "ef010201" },
	{ "v2 Leave to another group", GROUP_ERROR_DESTINATION,
	  "46c00020 00004000 0102e908 0a090002 ef010203 94040000 1700f7fb "
	  "ef010202" },
	{ "v3 Report to its group", GROUP_ERROR_DESTINATION,
	  "46c00028 00004000 0102e900 0a090002 ef010203 94040000 2200e8f9 "
	  "00000001 04000000 ef010203" },
	{ "General Query to a group", GROUP_ERROR_DESTINATION,
	  "46c00024 00004000 0102e905 0a090001 ef010203 94040000 1164ec1e "
	  "00000000 027d0000" },
	{ "Group-Specific Query to another group", GROUP_ERROR_DESTINATION,
	  "46c00024 00004000 0102e904 0a090001 ef010204 94040000 1164fb19 "
	  "ef010203 027d0000" },
	{ "v2 Report of 10.1.2.3", GROUP_ERROR_GROUP,
	  "46c00020 00004000 0102ce09 0a090002 0a010203 94040000 1600ddfb "
	  "0a010203" },
	{ "v2 Leave of 0.0.0.0", GROUP_ERROR_GROUP,
	  "46c00020 00004000 0102fa0a 0a090002 e0000002 94040000 1700e8ff "
	  "00000000" },
	{ "v1 Report of 240.0.0.1", GROUP_ERROR_GROUP,
	  "46c00020 00004000 0102ea0b 0a090002 f0000001 94040000 1200fdfd "
	  "f0000001" },
	{ "v2 Query of 10.1.2.3", GROUP_ERROR_GROUP,
	  "46c00020 00004000 0102fa0b 0a090002 e0000001 94040000 1164e297 "
	  "0a010203" },
	{ "v3 Query of 10.1.2.3", GROUP_ERROR_GROUP,
	  "46c00024 00004000 0102fa07 0a090002 e0000001 94040000 1164e01a "
	  "0a010203 027d0000" },
	{ "v3 General Query with a source", GROUP_ERROR_GROUP,
	  "46c00028 00004000 0102fa03 0a090002 e0000001 94040000 11642a1c "
	  "00000000 027d0001 c0000201" },
	{ "Query of 9 bytes", GROUP_ERROR_SHORT,
	  "46c00021 00004000 0102fa0a 0a090002 e0000001 94040000 1164ee9b "
	  "00000000 00" },
	{ "Query of 11 bytes", GROUP_ERROR_SHORT,
	  "46c00023 00004000 0102fa08 0a090002 e0000001 94040000 1164ee9b "
	  "00000000 000000" },
	{ "v3 Query that counts one source too many", GROUP_ERROR_SHORT,
	  "46c00028 00004000 0102f000 0a090002 e8010203 94040000 11644016 "
	  "e8010203 027d0002 c0000201" },
	{ "v3 Query that counts 65535 sources", GROUP_ERROR_SHORT,
	  "46c00024 00004000 0102f004 0a090002 e8010203 94040000 1164021a "
	  "e8010203 027dffff" },
	{ "v3 Report that counts a record too many", GROUP_ERROR_SHORT,
	  "46c00028 00004000 0102f9ee 0a090002 e0000016 94040000 2200e8f8 "
	  "00000002 04000000 ef010203" },
	{ "v3 Report, record of 7 bytes", GROUP_ERROR_SHORT,
	  "46c00027 00004000 0102f9ef 0a090002 e0000016 94040000 2200e8fc "
	  "00000001 04000000 ef0102" },
	{ "v3 Report, record that counts a source too many", GROUP_ERROR_SHORT,
	  "46c0002c 00004000 0102f9ea 0a090002 e0000016 94040000 220025f6 "
	  "00000001 05000002 ef010203 c0000201" },
	{ "v3 Report, record that counts 65535 sources", GROUP_ERROR_SHORT,
	  "46c00028 00004000 0102f9ee 0a090002 e0000016 94040000 2200e7f9 "
	  "00000001 0500ffff ef010203" },
	{ "v3 Report, auxiliary data beyond the end", GROUP_ERROR_SHORT,
	  "46c0002c 00004000 0102f9ea 0a090002 e0000016 94040000 22002431 "
	  "00000001 04020000 ef010203 61626364" },
};
/* clang-format on */

/* RFC 9776, 4.1.1: (mant | 0x10) << (exp + 3), and the next lower one for what lies between. */
static const struct code_case codes[] = {
	{ UINT64_C(0), 0x0, UINT64_C(0) },
	{ UINT64_C(12700000), 0x7f, UINT64_C(12700000) },
	{ UINT64_C(12800000), 0x80, UINT64_C(12800000) },
	{ UINT64_C(13500000), 0x80, UINT64_C(12800000) },
	{ UINT64_C(13600000), 0x81, UINT64_C(13600000) },
	{ UINT64_C(24800000), 0x8f, UINT64_C(24800000) },
	{ UINT64_C(25500000), 0x8f, UINT64_C(24800000) },
	{ UINT64_C(25600000), 0x90, UINT64_C(25600000) },
	{ UINT64_C(27100000), 0x90, UINT64_C(25600000) },
	{ UINT64_C(3174300000), 0xfe, UINT64_C(3072000000) },
	{ UINT64_C(3174400000), 0xff, UINT64_C(3174400000) },
	{ UINT64_C(100000000000000), 0xff, UINT64_C(3174400000) },
};

static const struct content unbuildable[] = {
	{ "version 0", .type = GROUP_QUERY, .version = 0, .source = "10.9.0.1" },
	{ "version 4", .type = GROUP_QUERY, .version = 4, .source = "10.9.0.1" },
	{ "v1 Query of a group", .type = GROUP_QUERY, .version = 1, .source = "10.9.0.1",
	  .group = "239.1.2.3" },
	{ "v2 Query of a source", .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1",
	  .group = "239.1.2.3", .sources = { "192.0.2.1" } },
	{ "General Query of a source", .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1",
	  .sources = { "192.0.2.1" } },
	{ "IGMP Query of an IPv6 group", .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1",
	  .group = "ff0e::1" },
	{ "Report of version 4", .type = GROUP_REPORT, .version = 4, .source = "10.9.0.2" },
	{ "v2 Report without a record", .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2" },
	{ "v2 Report of two", .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.3" },
		       { GROUP_MODE_IS_EXCLUDE, "239.1.2.4" } } },
	{ "v2 Report of a source", .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2",
	  .records = { { GROUP_MODE_IS_INCLUDE, "239.1.2.3", { "192.0.2.1" } } } },
	{ "v2 Report of a blocked source", .type = GROUP_REPORT, .version = 2, .source = "10.9.0.2",
	  .records = { { GROUP_MODE_IS_EXCLUDE, "239.1.2.3", { "192.0.2.1" } } } },
	{ "v1 Leave", .type = GROUP_LEAVE, .version = 1, .source = "10.9.0.2",
	  .records = { { GROUP_CHANGE_TO_INCLUDE, "239.1.2.3" } } },
	{ "IGMP Report of an IPv6 group", .type = GROUP_REPORT, .version = 3, .source = "10.9.0.2",
	  .records = { { GROUP_CHANGE_TO_EXCLUDE, "ff0e::1" } } },
};

static const struct group_cases cases = {
	GROUP_CASES_TABLES, .query = { .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1" },
	.code_at = 25,	    .code_length = 1,
	.host = "10.9.0.7", .elsewhere = "224.0.0.99",
};

/* Code 0 in 8 bytes would be a Query of IGMPv1. */
static void test_never_version1(void **state)
{
	const struct content content = { .type = GROUP_QUERY, .version = 2, .source = "10.9.0.1" };
	struct group_message message;
	uint8_t buf[64];
	ssize_t n;

	n = content_build(&content, NULL, buf, sizeof(buf));
	assert_int_equal(n, 32);
	assert_int_equal(group_message_parse(buf, 32, GROUP_STRICT, &message), GROUP_ERROR_NONE);
	assert_int_equal(message.version, 2);
	assert_int_equal(message.query.max_response_usec, 100000);
}

/* 16,400 sources take 65,600 bytes. */
static void test_too_long(void **state)
{
	static uint8_t sources[16400 * 4], buf[70000];
	struct group_query query = { .version = 3, .group = content_address("232.1.2.3") };
	struct address own = content_address("10.9.0.1");

	query.sources.data = sources;
	query.sources.n = 16400;
	assert_int_equal(group_query_build(AF_INET, &query, &own, NULL, buf, sizeof(buf)),
			 -EMSGSIZE);
	query.sources.n = (65535 - 24 - 12) / 4;
	assert_int_equal(group_query_build(AF_INET, &query, &own, NULL, buf, sizeof(buf)),
			 24 + 12 + 4 * query.sources.n);
}

/* RFC 9776, 4.1.6: of three bits, and 0 says that it is more than these hold. */
static void test_robustness(void **state)
{
	struct content content = { .type = GROUP_QUERY, .version = 3, .source = "10.9.0.1" };
	uint8_t buf[64];

	content.robustness = 7;
	assert_int_equal(content_build(&content, NULL, buf, sizeof(buf)), 36);
	assert_int_equal(buf[32], 0x07);
	content.robustness = 8;
	assert_int_equal(content_build(&content, NULL, buf, sizeof(buf)), 36);
	assert_int_equal(buf[32], 0);
	content.robustness = 10;
	content.suppress = true;
	assert_int_equal(content_build(&content, NULL, buf, sizeof(buf)), 36);
	assert_int_equal(buf[32], 0x08);
}

static void test_strings(void **state)
{
	int i, j;

	assert_string_equal(group_error_string(_GROUP_ERROR_MAX), "unknown");
	for (i = 0; i < _GROUP_ERROR_MAX; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(group_error_string(i), group_error_string(j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUP_CASES_TESTS(&cases),	 cmocka_unit_test(test_never_version1),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_robustness),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
