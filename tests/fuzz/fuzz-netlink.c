/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as answers of rtnetlink, and as the text of /proc/net/igmp and its like. The messages
 * have a sound header, as the kernel's have, and the sequence number that was asked for; their
 * types, flags and contents are the input's. Names stay within their arrays, and a call ends.
 */
#include "host.h"
#include "input.h"
#include "kernel/amtlink.h"
#include "kernel/groups.h"
#include "kernel/inet.h"
#include "kernel/monitor.h"
#include "kernel/mrule.h"
#include "kernel/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAM_MAX 4096
#define CALLS	     8

static struct input *input; /* while an answer is made of it */
static uint32_t sequence;   /* of the last request */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_enter();
	return 0;
}

/* libnl's calls come here instead of the C library. Requests are not sent. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	const struct nlmsghdr *header = message->msg_iov[0].iov_base;

	sequence = header->nlmsg_seq;
	return (ssize_t)message->msg_iov[0].iov_len;
}

static const uint16_t types[] = {
	NLMSG_ERROR,  NLMSG_DONE,   RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR,
	RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWRULE, NLMSG_NOOP,  RTM_NEWLINK, RTM_NEWLINK,
};

static size_t make_message(uint8_t *buf, size_t size)
{
	struct nlmsghdr header = { .nlmsg_seq = sequence };
	size_t n;

	header.nlmsg_type = types[input_take(input) % (sizeof(types) / sizeof(types[0]))];
	header.nlmsg_flags = (uint16_t)(input_take(input) | input_take(input) << 8);
	n = input_take(input) * 2;
	n = n < input->left ? n : input->left;
	if (NLMSG_SPACE(n) > size)
		return 0;
	header.nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
	memset(buf, 0, NLMSG_SPACE(n));
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + NLMSG_HDRLEN, input->data, n);
	input->data += n;
	input->left -= n;
	return NLMSG_SPACE(n);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint8_t buf[DATAGRAM_MAX];
	size_t n = 0, size = message->msg_iov[0].iov_len;

	if (!input || input->left == 0) {
		errno = flags & MSG_DONTWAIT || !input ? EAGAIN : ENOBUFS;
		return -1;
	}
	size = size < sizeof(buf) ? size : sizeof(buf);
	for (unsigned int i = 1 + input_take(input) % 4; i > 0; i--)
		n += make_message(buf + n, size - n);
	memcpy(message->msg_iov[0].iov_base, buf, n);
	memcpy(message->msg_name, &kernel, sizeof(kernel));
	message->msg_namelen = sizeof(kernel);
	message->msg_controllen = 0;
	message->msg_flags = 0;
	return (ssize_t)n;
}

static void check_link(const struct link *link)
{
	REQUIRE(strnlen(link->name, sizeof(link->name)) < sizeof(link->name));
	REQUIRE(strnlen(link->kind, sizeof(link->kind)) < sizeof(link->kind));
}

static void get_link(struct netlink *netlink)
{
	struct link link;

	if (link_get(netlink, "amt0", &link) == 0)
		check_link(&link);
}

static void get_amtlink(struct netlink *netlink)
{
	struct amtlink link;

	if (amtlink_get(netlink, "amt0", &link) == 0)
		check_link(&link.link);
}

static void list_amtlinks(struct netlink *netlink)
{
	struct amtlink *links;
	size_t n;

	if (amtlink_list(netlink, &links, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		check_link(&links[i].link);
		REQUIRE(strcmp(links[i].link.kind, "amt") == 0);
	}
	free(links);
}

static void get_addresses(struct netlink *netlink)
{
	struct address address;

	if (inet_primary_address(netlink, 2, &address) == 0)
		REQUIRE(address.family == AF_INET);
}

static void each_link_local(int ifindex, const struct address *address, void *userdata)
{
	REQUIRE(address->family == AF_INET6);
}

static void get_link_local(struct netlink *netlink)
{
	(void)inet_link_local(netlink, each_link_local, NULL);
}

static void get_routes(struct netlink *netlink)
{
	struct address to = address_from_in((struct in_addr){ htonl(0xc0000201) }), source = { 0 };
	int ifindex;

	(void)inet_route_source(netlink, &to, 2, &source);
	(void)inet_route_interface(netlink, &to, &ifindex);
}

static bool keep_route(int ifindex, const struct address *group, void *userdata)
{
	return true;
}

static bool keep_rule(sa_family_t family, const char *device, uint32_t table, void *userdata)
{
	REQUIRE(strnlen(device, IFNAMSIZ) < IFNAMSIZ);
	return true;
}

static void clean(struct netlink *netlink)
{
	(void)route_clean(netlink, AF_INET, keep_route, NULL);
	(void)mrule_clean(netlink, AF_INET, keep_rule, NULL);
}

static void on_event(enum monitor_event event, int ifindex, const char *name, void *userdata)
{
	REQUIRE(name && strnlen(name, IFNAMSIZ) <= IFNAMSIZ);
}

static void watch(struct netlink *netlink)
{
	struct monitor *monitor;

	REQUIRE(monitor_open(on_event, NULL, &monitor) == 0);
	(void)monitor_dispatch(monitor);
	monitor_close(monitor);
}

static bool each_group(const char *device, const struct address *group, void *userdata)
{
	REQUIRE(strnlen(device, IFNAMSIZ) < IFNAMSIZ && groups_is_routed(group));
	return true;
}

static void each_source(int ifindex, const struct address *group, const struct address *source,
			void *userdata)
{
	REQUIRE(ifindex > 0 && group->family == source->family);
}

static void read_proc(const uint8_t *data, size_t size)
{
	static bool (*const lists[])(FILE *, groups_handler, void *) = { groups_read4,
									 groups_read6 };
	static void (*const filters[])(FILE *, groups_source_handler,
				       void *) = { groups_read_sources4, groups_read_sources6 };

	for (int i = 0; i < 2 && size > 0; i++) {
		FILE *file = fmemopen((void *)data, size, "r");

		REQUIRE(file);
		(void)lists[i](file, each_group, NULL);
		rewind(file);
		filters[i](file, each_source, NULL);
		fclose(file);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const calls[])(struct netlink *) = {
		get_link,	get_amtlink, list_amtlinks, get_addresses,
		get_link_local, get_routes,  clean,	    watch,
	};
	struct input bytes = { data, size };
	struct netlink *netlink;

	if (size > 0 && data[0] == '/') {
		read_proc(data + 1, size - 1);
		return 0;
	}
	REQUIRE(netlink_open(&netlink) == 0);
	input = &bytes;
	for (int i = 0; i < CALLS && bytes.left > 0; i++) {
		calls[input_take(&bytes) % (sizeof(calls) / sizeof(calls[0]))](netlink);
		REQUIRE(strlen(netlink_error_text(netlink)) < 256);
	}
	input = NULL;
	netlink_close(netlink);
	return 0;
}
