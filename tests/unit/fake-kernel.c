/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake-kernel.h"

#include "daemon-world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DEVICES_MAX	16
#define TUNNELS_DEFAULT 128 /* AMT_MAX_TUNNELS of drivers/net/amt.c */
#define QUEUE_NUMBER	2268

struct queue {
	int fd;
	queue_handler handler;
	void *userdata;
	struct queue_counters counters;
	uint16_t first;
};

static struct {
	struct amtlink devices[DEVICES_MAX];
	size_t n_devices;
	unsigned int created;
	int driver_error, queue_error;
	uint16_t taken;
	bool without_nft_queue;
	struct queue *queue; /* open */
	struct queue_packet *waiting;
	bool overrun;
	enum queue_verdict verdict;
} fake;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
}

void fake_driver_refuses(int error)
{
	fake.driver_error = error;
}

void fake_queue_refuses(int error, uint16_t taken)
{
	fake.queue_error = error;
	fake.taken = taken;
}

void fake_without_nft_queue(void)
{
	fake.without_nft_queue = true;
}

/* ---- the driver ----------------------------------------------------------------------------- */

int __wrap_amtlink_create(struct netlink *netlink, const struct amtlink *want);
int __wrap_amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret);
int __wrap_link_set_up(struct netlink *netlink, int ifindex, bool up);
int __real_link_set_up(struct netlink *netlink, int ifindex, bool up);

/* Deleted, or in another namespace: forgotten. */
static struct amtlink *find(const char *name)
{
	const int ifindex = (int)if_nametoindex(name);

	for (size_t i = fake.n_devices; i-- > 0;) {
		struct amtlink *device = &fake.devices[i];

		if (strcmp(device->link.name, name) != 0)
			continue;
		if (device->link.ifindex == ifindex)
			return device;
		*device = fake.devices[--fake.n_devices];
	}
	return NULL;
}

const struct amtlink *fake_device(const char *name)
{
	return find(name);
}

void fake_set_remote(const char *name, const char *remote)
{
	assert_int_equal(address_parse(remote, &find(name)->remote), 0);
}

unsigned int fake_created(void)
{
	return fake.created;
}

int __wrap_amtlink_create(struct netlink *netlink, const struct amtlink *want)
{
	struct amtlink *device;

	if (fake.driver_error < 0)
		return fake.driver_error;
	if (if_nametoindex(want->link.name) != 0)
		return -EEXIST;
	assert_true(fake.n_devices < DEVICES_MAX);
	world_shell("ip link add %s type veth peer name %s-t && ip link set %s-t up",
		    want->link.name, want->link.name, want->link.name);
	device = &fake.devices[fake.n_devices++];
	*device = *want;
	device->link.ifindex = (int)if_nametoindex(want->link.name);
	if (want->mode == AMT_MODE_RELAY && want->max_tunnels == 0)
		device->max_tunnels = TUNNELS_DEFAULT;
	fake.created++;
	return 0;
}

int __wrap_amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret)
{
	const struct amtlink *device = find(name);
	int r;

	*ret = device ? *device : (struct amtlink){ 0 };
	r = link_get(netlink, name, &ret->link);
	return r < 0 ? r : device ? 0 : -EMEDIUMTYPE;
}

/* The driver's UDP socket is there while the device is up. */
static int try_port(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;

	close(fd);
	return r;
}

int __wrap_link_set_up(struct netlink *netlink, int ifindex, bool up)
{
	for (size_t i = 0; i < fake.n_devices && up; i++) {
		int r = fake.devices[i].link.ifindex == ifindex
				? try_port(fake.devices[i].relay_port)
				: 0;

		if (r < 0)
			return r;
	}
	return __real_link_set_up(netlink, ifindex, up);
}

/* ---- NFQUEUE -------------------------------------------------------------------------------- */

int __wrap_queue_open(const struct queue_range *range, queue_handler handler, void *userdata,
		      struct queue **ret, uint16_t *ret_taken);
void __wrap_queue_close(struct queue *queue);
int __wrap_queue_fd(const struct queue *queue);
int __wrap_queue_dispatch(struct queue *queue, unsigned int max);
const struct queue_counters *__wrap_queue_counters(const struct queue *queue);
bool __wrap_firewall_has_queue(const struct firewall *firewall);

int __wrap_queue_open(const struct queue_range *range, queue_handler handler, void *userdata,
		      struct queue **ret, uint16_t *ret_taken)
{
	struct queue *queue;

	if (fake.queue_error < 0) {
		*ret_taken = fake.taken;
		return fake.queue_error;
	}
	assert_int_equal(range->count, _FIREWALL_QUEUE_MAX);
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	*queue = (struct queue){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.handler = handler,
		.userdata = userdata,
		.first = range->first,
	};
	assert_true(queue->fd >= 0);
	fake.queue = *ret = queue;
	return 0;
}

void __wrap_queue_close(struct queue *queue)
{
	if (!queue)
		return;
	close(queue->fd);
	free(queue);
	fake.queue = NULL;
}

int __wrap_queue_fd(const struct queue *queue)
{
	return queue->fd;
}

int __wrap_queue_dispatch(struct queue *queue, unsigned int max)
{
	uint64_t n;

	(void)!read(queue->fd, &n, sizeof(n));
	if (fake.overrun)
		queue->counters.overruns++;
	fake.overrun = false;
	if (!fake.waiting)
		return 0;
	queue->counters.packets++;
	fake.verdict = queue->handler(fake.waiting, queue->userdata);
	fake.waiting = NULL;
	return 1;
}

const struct queue_counters *__wrap_queue_counters(const struct queue *queue)
{
	return &queue->counters;
}

bool __wrap_firewall_has_queue(const struct firewall *firewall)
{
	return !fake.without_nft_queue;
}

static void wake(void)
{
	const uint64_t one = 1;

	assert_non_null(fake.queue);
	assert_int_equal(write(fake.queue->fd, &one, sizeof(one)), sizeof(one));
}

struct fake_verdict fake_queue_packet(enum firewall_queue queue, const void *data, size_t length)
{
	struct fake_verdict result = { .length = length };
	struct queue_packet packet = {
		.number = (uint16_t)(QUEUE_NUMBER + queue),
		.data = result.data,
		.length = length,
	};

	assert_true(length <= sizeof(result.data));
	memcpy(result.data, data, length);
	fake.waiting = &packet;
	wake();
	UNTIL(!fake.waiting);
	result.verdict = fake.verdict;
	result.changed = packet.changed;
	result.length = packet.length;
	return result;
}

void fake_queue_overrun(void)
{
	fake.overrun = true;
	wake();
	UNTIL(!fake.overrun);
}
