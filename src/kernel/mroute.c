/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mroute.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <netinet/icmp6.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The two families have the same options at different levels, with different structs. */
_Static_assert(MRT_INIT == MRT6_INIT && MRT_ADD_VIF == MRT6_ADD_MIF &&
		       MRT_DEL_VIF == MRT6_DEL_MIF && MRT_ADD_MFC == MRT6_ADD_MFC &&
		       MRT_DEL_MFC == MRT6_DEL_MFC && MRT_VERSION == MRT6_VERSION &&
		       MRT_ASSERT == MRT6_ASSERT && MRT_PIM == MRT6_PIM && MRT_TABLE == MRT6_TABLE,
	       "options differ between the families");
_Static_assert(IGMPMSG_NOCACHE == MRT6MSG_NOCACHE && IGMPMSG_WRONGVIF == MRT6MSG_WRONGMIF,
	       "upcalls differ between the families");
_Static_assert(MROUTE_INTERFACES == MAXVIFS && MROUTE_INTERFACES == MAXMIFS,
	       "number of virtual interfaces");

/* An upcall has 28 bytes (IPv4) or 80, of which 40 are used (IPv6). */
#define UPCALL_MAX 128

struct mroute {
	int fd;
	sa_family_t family;
	mroute_handler handler;
	void *userdata;
	int interfaces[MROUTE_INTERFACES]; /* ifindex by the number of the virtual one; 0: free */
	unsigned int next;		   /* start of the search for a free number */
	mroute_recorder recorder;
	void *recorder_userdata;
};

static int set_option(const struct mroute *mroute, int option, const void *value, size_t size)
{
	int level = mroute->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	return setsockopt(mroute->fd, level, option, value, size) < 0 ? -errno : 0;
}

static int find_interface(const struct mroute *mroute, int ifindex)
{
	int i;

	for (i = 0; i < MROUTE_INTERFACES; i++)
		if (mroute->interfaces[i] == ifindex)
			return i;
	return -ENODEV;
}

/* A raw socket also gets the family's IGMP or ICMPv6 messages: have none of these. Upcalls carry
 * protocol 0 in place of IPv4's, and do not pass the ICMPv6 filter. */
static int refuse_messages(const struct mroute *mroute)
{
	struct sock_filter upcalls[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = 4, .filter = upcalls };
	struct icmp6_filter none;
	char discarded;
	int r;

	ICMP6_FILTER_SETBLOCKALL(&none);
	if (mroute->family == AF_INET)
		r = setsockopt(mroute->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	else
		r = setsockopt(mroute->fd, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof(none));
	if (r < 0)
		return -errno;
	while (recv(mroute->fd, &discarded, sizeof(discarded), 0) >= 0)
		; /* received in between */
	return 0;
}

static int choose_table(const struct mroute *mroute, uint32_t table)
{
	int level = mroute->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, version, r;
	socklen_t size = sizeof(version);

	if (getsockopt(mroute->fd, level, MRT_VERSION, &version, &size) < 0)
		return -errno;
	if (table == 0)
		return 0;
	r = set_option(mroute, MRT_TABLE, &table, sizeof(table));
	return r == -ENOPROTOOPT ? -EOPNOTSUPP : r;
}

static int take_table(const struct mroute *mroute)
{
	int one = 1, r;

	r = set_option(mroute, MRT_INIT, &one, sizeof(one));
	if (r < 0)
		return r;
	/* Enables upcalls for packets on the wrong interface: the first for any interface, the
	 * second, for kernels without PIM, for outgoing ones. */
	if (set_option(mroute, MRT_PIM, &one, sizeof(one)) < 0)
		return set_option(mroute, MRT_ASSERT, &one, sizeof(one));
	return 0;
}

int mroute_open(sa_family_t family, uint32_t table, mroute_handler handler, void *userdata,
		struct mroute **ret)
{
	struct mroute *mroute;
	int r;

	mroute = calloc(1, sizeof(*mroute));
	if (!mroute)
		return -ENOMEM;
	mroute->family = family;
	mroute->handler = handler;
	mroute->userdata = userdata;

	mroute->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    family == AF_INET ? IPPROTO_IGMP : IPPROTO_ICMPV6);
	r = mroute->fd < 0 ? -errno : refuse_messages(mroute);
	if (r == 0)
		r = choose_table(mroute, table);
	if (r == 0)
		r = take_table(mroute);
	if (r < 0) {
		mroute_close(mroute);
		return r;
	}
	*ret = mroute;
	return 0;
}

int mroute_adopt(sa_family_t family, int fd, const int interfaces[static MROUTE_INTERFACES],
		 mroute_handler handler, void *userdata, struct mroute **ret)
{
	struct mroute *mroute = calloc(1, sizeof(*mroute));

	if (!mroute) {
		close(fd);
		return -ENOMEM;
	}
	*mroute = (struct mroute){
		.fd = fd, .family = family, .handler = handler, .userdata = userdata
	};
	memcpy(mroute->interfaces, interfaces, sizeof(mroute->interfaces));
	for (int i = 0; i < MROUTE_INTERFACES; i++)
		if (interfaces[i] != 0)
			mroute->next = i + 1;
	*ret = mroute;
	return 0;
}

void mroute_record(struct mroute *mroute, mroute_recorder recorder, void *userdata)
{
	mroute->recorder = recorder;
	mroute->recorder_userdata = userdata;
}

const int *mroute_interfaces(const struct mroute *mroute)
{
	return mroute->interfaces;
}

static void record(const struct mroute *mroute)
{
	if (mroute->recorder)
		mroute->recorder(mroute->interfaces, mroute->recorder_userdata);
}

void mroute_flush(struct mroute *mroute)
{
	int none = 0;

	(void)set_option(mroute, MRT_DONE, &none, sizeof(none));
}

void mroute_close(struct mroute *mroute)
{
	if (!mroute)
		return;
	if (mroute->fd >= 0)
		close(mroute->fd);
	free(mroute);
}

int mroute_fd(const struct mroute *mroute)
{
	return mroute->fd;
}

/* The interfaces that upcalls and routes name are virtual ones, by number. */
static void handle_upcall(const struct mroute *mroute, const void *data, size_t length)
{
	struct address source = { .family = mroute->family }, group = { .family = mroute->family };
	const struct igmpmsg *message = data;
	const struct mrt6msg *message6 = data;
	unsigned int type, interface;

	if (mroute->family == AF_INET) {
		if (length < sizeof(*message) || message->im_mbz != 0)
			return;
		type = message->im_msgtype;
		interface = message->im_vif;
		source.in = message->im_src;
		group.in = message->im_dst;
	} else {
		if (length < sizeof(*message6) || message6->im6_mbz != 0)
			return;
		type = message6->im6_msgtype;
		interface = message6->im6_mif;
		source.in6 = message6->im6_src;
		group.in6 = message6->im6_dst;
	}
	if ((type != IGMPMSG_NOCACHE && type != IGMPMSG_WRONGVIF) || interface >= MROUTE_INTERFACES)
		return;
	mroute->handler(type == IGMPMSG_NOCACHE ? MROUTE_NO_ROUTE : MROUTE_WRONG_INTERFACE,
			mroute->interfaces[interface], &source, &group, mroute->userdata);
}

int mroute_dispatch(struct mroute *mroute, unsigned int max)
{
	_Alignas(struct mrt6msg) uint8_t buf[UPCALL_MAX];
	unsigned int handled;
	ssize_t n;

	for (handled = 0; handled < max; handled++) {
		n = recv(mroute->fd, buf, sizeof(buf), 0);
		if (n < 0) {
			if (errno == EINTR || errno == ENOBUFS)
				continue;
			if (errno == EAGAIN)
				break;
			return -errno;
		}
		handle_upcall(mroute, buf, n);
	}
	return handled;
}

static int add_virtual(const struct mroute *mroute, int number, int ifindex)
{
	struct vifctl vif = {
		.vifc_vifi = number,
		.vifc_flags = VIFF_USE_IFINDEX,
		.vifc_threshold = 1,
		.vifc_lcl_ifindex = ifindex,
	};
	struct mif6ctl mif = {
		.mif6c_mifi = number,
		.vifc_threshold = 1,
		.mif6c_pifi = ifindex,
	};

	if (mroute->family == AF_INET)
		return set_option(mroute, MRT_ADD_VIF, &vif, sizeof(vif));
	if (ifindex > UINT16_MAX)
		return -ERANGE;
	return set_option(mroute, MRT6_ADD_MIF, &mif, sizeof(mif));
}

/* The number freed the longest ago: routes may still name it. */
static int find_free(const struct mroute *mroute)
{
	unsigned int i, number;

	for (i = 0; i < MROUTE_INTERFACES; i++) {
		number = (mroute->next + i) % MROUTE_INTERFACES;
		if (mroute->interfaces[number] == 0)
			return number;
	}
	return -ENOSPC;
}

int mroute_add_interface(struct mroute *mroute, int ifindex)
{
	int number, r;

	if (ifindex <= 0)
		return -EADDRNOTAVAIL;
	number = find_interface(mroute, ifindex);
	if (number >= 0) {
		r = add_virtual(mroute, number, ifindex);
		return r == -EADDRINUSE ? 0 : r;
	}
	number = find_free(mroute);
	if (number < 0)
		return number;
	mroute->interfaces[number] = ifindex;
	record(mroute);
	r = add_virtual(mroute, number, ifindex);
	if (r < 0) {
		mroute->interfaces[number] = 0;
		record(mroute);
		return r;
	}
	mroute->next = number + 1;
	return 0;
}

int mroute_remove_interface(struct mroute *mroute, int ifindex)
{
	struct vifctl vif = { 0 };
	mifi_t mif;
	int number, r;

	number = ifindex > 0 ? find_interface(mroute, ifindex) : -ENODEV;
	if (number < 0)
		return 0;
	vif.vifc_vifi = mif = number;
	if (mroute->family == AF_INET)
		r = set_option(mroute, MRT_DEL_VIF, &vif, sizeof(vif));
	else
		r = set_option(mroute, MRT6_DEL_MIF, &mif, sizeof(mif));
	if (r < 0 && r != -EADDRNOTAVAIL)
		return r;
	mroute->interfaces[number] = 0;
	record(mroute);
	return 0;
}

static bool is_channel(const struct mroute *mroute, const struct address *source,
		       const struct address *group)
{
	if (source->family != mroute->family || group->family != mroute->family ||
	    !address_is_host(source))
		return false;
	return group->family == AF_INET ? IN_MULTICAST(ntohl(group->in.s_addr))
					: IN6_IS_ADDR_MULTICAST(&group->in6);
}

static int change_route4(const struct mroute *mroute, int option, const struct address *source,
			 const struct address *group, int parent, uint32_t outgoing)
{
	struct mfcctl route = {
		.mfcc_origin = source->in,
		.mfcc_mcastgrp = group->in,
		.mfcc_parent = parent,
	};
	int i;

	for (i = 0; i < MROUTE_INTERFACES; i++)
		route.mfcc_ttls[i] = outgoing >> i & 1; /* 0: not there */
	return set_option(mroute, option, &route, sizeof(route));
}

static int change_route6(const struct mroute *mroute, int option, const struct address *source,
			 const struct address *group, int parent, uint32_t outgoing)
{
	struct mf6cctl route = {
		.mf6cc_origin = { .sin6_family = AF_INET6, .sin6_addr = source->in6 },
		.mf6cc_mcastgrp = { .sin6_family = AF_INET6, .sin6_addr = group->in6 },
		.mf6cc_parent = parent,
	};
	int i;

	for (i = 0; i < MROUTE_INTERFACES; i++)
		if (outgoing >> i & 1)
			IF_SET(i, &route.mf6cc_ifset);
	return set_option(mroute, option, &route, sizeof(route));
}

static int change_route(const struct mroute *mroute, int option, const struct address *source,
			const struct address *group, int parent, uint32_t outgoing)
{
	return (mroute->family == AF_INET ? change_route4 : change_route6)(mroute, option, source,
									   group, parent, outgoing);
}

int mroute_set(struct mroute *mroute, const struct address *source, const struct address *group,
	       int incoming, const int *outgoing, size_t n)
{
	int parent, number, r, missing = 0;
	uint32_t numbers = 0;
	size_t i;

	if (!is_channel(mroute, source, group))
		return -EINVAL;
	parent = incoming > 0 ? find_interface(mroute, incoming) : -ENODEV;
	if (parent < 0)
		return parent;
	for (i = 0; i < n; i++) {
		number = outgoing[i] > 0 ? find_interface(mroute, outgoing[i]) : -ENODEV;
		if (number < 0)
			missing = number;
		else
			numbers |= UINT32_C(1) << number;
	}
	numbers &= ~(UINT32_C(1) << parent);
	r = change_route(mroute, MRT_ADD_MFC, source, group, parent, numbers);
	return r < 0 ? r : missing;
}

int mroute_delete(struct mroute *mroute, const struct address *source, const struct address *group)
{
	int r;

	if (!is_channel(mroute, source, group))
		return -EINVAL;
	r = change_route(mroute, MRT_DEL_MFC, source, group, 0, 0);
	return r == -ENOENT ? 0 : r;
}

int mroute_counters(const struct mroute *mroute, const struct address *source,
		    const struct address *group, struct mroute_counters *ret)
{
	struct sioc_sg_req request = { 0 };
	struct sioc_sg_req6 request6 = { 0 };
	int r;

	if (!is_channel(mroute, source, group))
		return -EINVAL;
	if (mroute->family == AF_INET) {
		request.src = source->in;
		request.grp = group->in;
		r = ioctl(mroute->fd, SIOCGETSGCNT, &request);
	} else {
		request6.src.sin6_addr = source->in6;
		request6.grp.sin6_addr = group->in6;
		r = ioctl(mroute->fd, SIOCGETSGCNT_IN6, &request6);
		request.pktcnt = request6.pktcnt;
		request.bytecnt = request6.bytecnt;
		request.wrong_if = request6.wrong_if;
	}
	if (r < 0)
		return errno == EADDRNOTAVAIL ? -ENOENT : -errno;
	*ret = (struct mroute_counters){
		.packets = request.pktcnt,
		.bytes = request.bytecnt,
		.wrong_interface = request.wrong_if,
	};
	return 0;
}

int mroute_interface_packets(const struct mroute *mroute, int ifindex, uint64_t *ret)
{
	int number = find_interface(mroute, ifindex);
	struct sioc_vif_req request = { .vifi = number };
	struct sioc_mif_req6 request6 = { .mifi = number };
	int r;

	if (number < 0)
		return -ENODEV;
	r = mroute->family == AF_INET ? ioctl(mroute->fd, SIOCGETVIFCNT, &request)
				      : ioctl(mroute->fd, SIOCGETMIFCNT_IN6, &request6);
	if (r < 0)
		return errno == EADDRNOTAVAIL ? -ENODEV : -errno;
	*ret = mroute->family == AF_INET ? request.icount : request6.icount;
	return 0;
}
