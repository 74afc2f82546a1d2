/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/joins.h"

#include "base/array.h"
#include "base/descriptor.h"
#include "base/hash.h"
#include "kernel/join-socket.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel searches a socket's memberships linearly, whatever its limits are raised to. */
#define ROWS_PER_SOCKET 128

/* Rows are allocated in blocks, so that growing moves and wastes none. */
#define BLOCK_ROWS 1024

#define NONE	    UINT32_MAX
#define BUCKETS_MIN 64

/* A source of a group, or a group from any source, by one socket. Addresses are stored as 4 or 16
 * bytes: with 100,000 rows every byte counts. */
struct row {
	uint32_t next; /* in its bucket, or of the free ones */
	uint32_t socket;
	uint32_t ifindex : 31; /* 0: a free one */
	uint32_t exclude : 1;  /* EXCLUDE, of which the kernel alone has the sources */
	uint8_t bytes[];       /* the group, the source */
};

struct socket {
	int fd; /* -1: none */
	uint32_t rows;
	uint32_t mark;	     /* joins->mark: it has the group in question */
	uint32_t next, prev; /* of those with room, or of those without descriptor */
	bool listed, kept;
};

struct joins {
	sa_family_t family;
	uint8_t length; /* of an address */
	size_t row_size;

	char **blocks;
	size_t n_blocks, blocks_size;
	uint32_t n_rows, used_rows; /* in use; ever used */
	uint32_t free_row;
	uint32_t *buckets;
	uint32_t n_buckets;
	struct hash hash;

	struct socket *sockets;
	size_t sockets_size;
	uint32_t n_sockets, open_sockets;
	uint32_t room, closed; /* heads of lists */
	uint32_t mark;

	joins_keeper keeper;
	void *userdata;
};

static struct row *row_at(const struct joins *joins, uint32_t i)
{
	return (struct row *)(joins->blocks[i / BLOCK_ROWS] + i % BLOCK_ROWS * joins->row_size);
}

static const uint8_t *bytes_of(const struct address *address)
{
	return address->family == AF_INET ? (const uint8_t *)&address->in
					  : (const uint8_t *)&address->in6;
}

static struct address address_of(const struct joins *joins, const uint8_t *bytes)
{
	struct address address = { .family = joins->family };

	memcpy(joins->family == AF_INET ? (void *)&address.in : (void *)&address.in6, bytes,
	       joins->length);
	return address;
}

static uint32_t *bucket_of(const struct joins *joins, uint32_t ifindex, const uint8_t *group)
{
	uint64_t sum = hash_sum(&joins->hash, 0, 0, &ifindex, sizeof(ifindex));

	sum = hash_sum(&joins->hash, sum, 1, group, joins->length);
	return &joins->buckets[hash_end(&joins->hash, sum) & (joins->n_buckets - 1)];
}

static bool row_is(const struct joins *joins, const struct row *row, uint32_t ifindex,
		   const uint8_t *group)
{
	return row->ifindex == ifindex && memcmp(row->bytes, group, joins->length) == 0;
}

/* ---- Rows ---- */

static int grow_buckets(struct joins *joins)
{
	uint32_t *old = joins->buckets, n_old = joins->n_buckets, *buckets;
	uint32_t n = n_old == 0 ? BUCKETS_MIN : n_old * 2;

	buckets = malloc(n * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	memset(buckets, 0xff, n * sizeof(*buckets));
	joins->buckets = buckets;
	joins->n_buckets = n;
	for (uint32_t i = 0; i < n_old; i++)
		for (uint32_t j = old[i], next; j != NONE; j = next) {
			struct row *row = row_at(joins, j);
			uint32_t *bucket = bucket_of(joins, row->ifindex, row->bytes);

			next = row->next;
			row->next = *bucket;
			*bucket = j;
		}
	free(old);
	return 0;
}

/* Room for one more row. */
static int reserve_row(struct joins *joins)
{
	char *block;

	if (joins->free_row != NONE || joins->used_rows < joins->n_blocks * BLOCK_ROWS)
		return 0;
	if (!GROW(joins->blocks, joins->n_blocks, joins->blocks_size))
		return -ENOMEM;
	block = malloc(BLOCK_ROWS * joins->row_size);
	if (!block)
		return -ENOMEM;
	joins->blocks[joins->n_blocks++] = block;
	return 0;
}

static void add_row(struct joins *joins, uint32_t ifindex, const uint8_t *group,
		    const struct address *source, uint32_t socket)
{
	uint32_t i = joins->free_row, *bucket;
	struct row *row;

	if (i == NONE)
		i = joins->used_rows++;
	row = row_at(joins, i);
	if (i == joins->free_row)
		joins->free_row = row->next;
	row->ifindex = ifindex;
	row->exclude = !source;
	row->socket = socket;
	memcpy(row->bytes, group, joins->length);
	if (source)
		memcpy(row->bytes + joins->length, bytes_of(source), joins->length);
	if (joins->n_rows++ >= joins->n_buckets)
		(void)grow_buckets(joins); /* else it is slower, no more */
	bucket = bucket_of(joins, ifindex, group);
	row->next = *bucket;
	*bucket = i;
}

static void free_row(struct joins *joins, uint32_t *link)
{
	uint32_t i = *link;
	struct row *row = row_at(joins, i);

	*link = row->next;
	row->ifindex = 0;
	row->next = joins->free_row;
	joins->free_row = i;
	joins->n_rows--;
}

/* ---- Sockets ---- */

static void list_add(struct joins *joins, uint32_t i)
{
	struct socket *socket = &joins->sockets[i];

	if (socket->listed)
		return;
	socket->listed = true;
	socket->prev = NONE;
	socket->next = joins->room;
	if (joins->room != NONE)
		joins->sockets[joins->room].prev = i;
	joins->room = i;
}

static void list_remove(struct joins *joins, uint32_t i)
{
	struct socket *socket = &joins->sockets[i];

	if (!socket->listed)
		return;
	socket->listed = false;
	if (socket->prev != NONE)
		joins->sockets[socket->prev].next = socket->next;
	else
		joins->room = socket->next;
	if (socket->next != NONE)
		joins->sockets[socket->next].prev = socket->prev;
}

static int socket_new(struct joins *joins, uint32_t *ret)
{
	uint32_t i = joins->closed;
	int fd;

	if (i == NONE && !GROW(joins->sockets, joins->n_sockets, joins->sockets_size))
		return -ENOMEM;
	fd = join_socket_open(joins->family);
	if (fd < 0)
		return fd;
	if (i == NONE)
		i = joins->n_sockets++;
	else
		joins->closed = joins->sockets[i].next;
	joins->sockets[i] = (struct socket){ .fd = fd, .mark = joins->mark - 1 };
	joins->open_sockets++;
	list_add(joins, i);
	*ret = i;
	return 0;
}

static void socket_close(struct joins *joins, uint32_t i)
{
	struct socket *socket = &joins->sockets[i];

	list_remove(joins, i);
	if (joins->keeper && socket->kept)
		joins->keeper(socket->fd, i, false, joins->userdata);
	close(socket->fd);
	socket->fd = -1;
	socket->next = joins->closed;
	joins->closed = i;
	joins->open_sockets--;
}

/* A row more, or one less. An empty socket is closed: memberships of an interface that is gone may
 * still count in it. */
static void socket_add_row(struct joins *joins, uint32_t i)
{
	struct socket *socket = &joins->sockets[i];

	if (++socket->rows >= ROWS_PER_SOCKET)
		list_remove(joins, i);
	if (joins->keeper && !socket->kept) {
		joins->keeper(socket->fd, i, true, joins->userdata);
		socket->kept = true;
	}
}

static void socket_remove_row(struct joins *joins, uint32_t i)
{
	if (--joins->sockets[i].rows == 0)
		socket_close(joins, i);
	else
		list_add(joins, i);
}

/* ---- Choice of a socket ---- */

static int try_socket(const struct joins *joins, int fd, uint32_t ifindex, const uint8_t *group,
		      const struct address *source)
{
	return join_socket_join(joins->family, fd, ifindex, group,
				source ? bytes_of(source) : NULL);
}

static bool is_full(int error)
{
	return error == -ENOBUFS || error == -ENOMEM;
}

/* Marks the sockets that have the group already: each can have some sources of it, or all but some,
 * not both. *ret_last: one with sources, which may have room for another. */
static void mark_sockets(struct joins *joins, uint32_t ifindex, const uint8_t *group,
			 uint32_t *ret_last)
{
	joins->mark++;
	*ret_last = NONE;
	for (uint32_t i = *bucket_of(joins, ifindex, group); i != NONE;
	     i = row_at(joins, i)->next) {
		const struct row *row = row_at(joins, i);

		if (!row_is(joins, row, ifindex, group))
			continue;
		joins->sockets[row->socket].mark = joins->mark;
		if (*ret_last == NONE && !row->exclude)
			*ret_last = row->socket;
	}
}

/* A failed join may leave a membership without sources. */
static void undo_refused(const struct joins *joins, int fd, uint32_t ifindex, const uint8_t *group,
			 const struct address *source)
{
	if (source)
		(void)join_socket_leave(joins->family, fd, ifindex, group, NULL);
}

static int join_fresh(struct joins *joins, uint32_t ifindex, const uint8_t *group,
		      const struct address *source, uint32_t *ret)
{
	uint32_t i;
	int r;

	r = socket_new(joins, &i);
	if (r < 0)
		return r;
	r = try_socket(joins, joins->sockets[i].fd, ifindex, group, source);
	if (r < 0) {
		socket_close(joins, i);
		return r;
	}
	*ret = i;
	return 0;
}

/* By the first socket that the kernel accepts. */
static int join_somewhere(struct joins *joins, uint32_t ifindex, const uint8_t *group,
			  const struct address *source, uint32_t *ret)
{
	uint32_t last, next;
	int r;

	mark_sockets(joins, ifindex, group, &last);
	if (source && last != NONE && joins->sockets[last].rows < ROWS_PER_SOCKET) {
		r = try_socket(joins, joins->sockets[last].fd, ifindex, group, source);
		if (!is_full(r)) {
			*ret = last;
			return r;
		}
	}
	for (uint32_t i = joins->room; i != NONE; i = next) {
		struct socket *socket = &joins->sockets[i];

		next = socket->next;
		if (socket->mark == joins->mark)
			continue;
		r = try_socket(joins, socket->fd, ifindex, group, source);
		if (!is_full(r)) {
			*ret = i;
			return r;
		}
		undo_refused(joins, socket->fd, ifindex, group, source);
		list_remove(joins, i);
	}
	return join_fresh(joins, ifindex, group, source, ret);
}

/* ---- Filters ---- */

static int join_row(struct joins *joins, uint32_t ifindex, const uint8_t *group,
		    const struct address *source, uint32_t *ret_socket)
{
	int r;

	r = reserve_row(joins);
	if (r == 0 && joins->n_buckets == 0)
		r = grow_buckets(joins);
	if (r == 0)
		r = join_somewhere(joins, ifindex, group, source, ret_socket);
	if (r < 0)
		return r;
	add_row(joins, ifindex, group, source, *ret_socket);
	socket_add_row(joins, *ret_socket);
	return 0;
}

static void leave_row(struct joins *joins, uint32_t *link)
{
	const struct row *row = row_at(joins, *link);
	uint32_t socket = row->socket;
	int fd = joins->sockets[socket].fd;

	(void)join_socket_leave(joins->family, fd, row->ifindex, row->bytes,
				row->exclude ? NULL : row->bytes + joins->length);
	free_row(joins, link);
	socket_remove_row(joins, socket);
}

static int order_sources(const void *element, const void *key)
{
	return address_compare(element, key);
}

static size_t find_source(const struct filter *filter, const struct address *source)
{
	size_t at = array_search(filter->sources, filter->n, sizeof(*filter->sources), source,
				 order_sources);

	return at < filter->n && address_equal(&filter->sources[at], source) ? at : filter->n;
}

/* Leave what the filter does not want; sets there[] for its sources that are joined. */
static void leave_others(struct joins *joins, uint32_t ifindex, const uint8_t *group,
			 const struct filter *filter, bool *there, bool only_mark)
{
	uint32_t *link = joins->n_buckets > 0 ? bucket_of(joins, ifindex, group) : NULL;

	while (link && *link != NONE) {
		struct row *row = row_at(joins, *link);
		bool wanted = row->exclude && filter->mode == FILTER_EXCLUDE;

		if (row_is(joins, row, ifindex, group)) {
			if (!row->exclude && filter->mode == FILTER_INCLUDE) {
				const struct address source =
					address_of(joins, row->bytes + joins->length);
				size_t at = find_source(filter, &source);

				wanted = at < filter->n;
				if (wanted)
					there[at] = true;
			}
			if (!wanted && !only_mark) {
				leave_row(joins, link);
				continue;
			}
		}
		link = &row->next;
	}
}

static int set_include(struct joins *joins, uint32_t ifindex, const uint8_t *group,
		       const struct filter *filter)
{
	bool *there = filter->n > 0 ? calloc(filter->n, sizeof(*there)) : NULL;
	uint32_t socket;
	int r = 0;

	if (filter->n > 0 && !there)
		return -ENOMEM;
	/* Join new sources before leaving any. */
	leave_others(joins, ifindex, group, filter, there, true);
	for (size_t i = 0; i < filter->n && r == 0; i++)
		if (!there[i])
			r = join_row(joins, ifindex, group, &filter->sources[i], &socket);
	if (r == 0)
		leave_others(joins, ifindex, group, filter, there, false);
	free(there);
	return r;
}

static const struct row *find_exclude(const struct joins *joins, uint32_t ifindex,
				      const uint8_t *group)
{
	if (joins->n_buckets == 0)
		return NULL;
	for (uint32_t i = *bucket_of(joins, ifindex, group); i != NONE;
	     i = row_at(joins, i)->next) {
		const struct row *row = row_at(joins, i);

		if (row->exclude && row_is(joins, row, ifindex, group))
			return row;
	}
	return NULL;
}

/* To a new socket, where a list may be longer. */
static int move_exclude(struct joins *joins, uint32_t ifindex, const uint8_t *group,
			const struct filter *filter, uint32_t from)
{
	uint32_t socket, *link;
	int r;

	r = reserve_row(joins);
	if (r == 0)
		r = join_fresh(joins, ifindex, group, NULL, &socket);
	if (r < 0)
		return r;
	add_row(joins, ifindex, group, NULL, socket);
	socket_add_row(joins, socket);
	r = join_socket_exclude(joins->family, joins->sockets[socket].fd, ifindex, group,
				filter->sources, filter->n);
	for (link = bucket_of(joins, ifindex, group);; link = &row_at(joins, *link)->next) {
		const struct row *row = row_at(joins, *link);

		if (row->exclude && row->socket == from && row_is(joins, row, ifindex, group))
			break;
	}
	leave_row(joins, link);
	return r;
}

static int set_exclude(struct joins *joins, uint32_t ifindex, const uint8_t *group,
		       const struct filter *filter)
{
	const struct row *row = find_exclude(joins, ifindex, group);
	uint32_t socket;
	bool fresh = !row;
	int r = 0;

	if (row)
		socket = row->socket;
	else
		r = join_row(joins, ifindex, group, NULL, &socket);
	if (r < 0)
		return r;
	if (!fresh || filter->n > 0)
		r = join_socket_exclude(joins->family, joins->sockets[socket].fd, ifindex, group,
					filter->sources, filter->n);
	if (is_full(r) && joins->sockets[socket].rows > 1)
		r = move_exclude(joins, ifindex, group, filter, socket);
	/* Split over sockets, the kernel would exclude the intersection: nothing. */
	if (is_full(r)) {
		socket = find_exclude(joins, ifindex, group)->socket;
		(void)join_socket_exclude(joins->family, joins->sockets[socket].fd, ifindex, group,
					  NULL, 0);
		r = JOINS_WIDER;
	}
	if (r >= 0)
		leave_others(joins, ifindex, group, filter, NULL, false);
	return r;
}

int joins_set(struct joins *joins, int ifindex, const struct address *group,
	      const struct filter *filter)
{
	if (group->family != joins->family || ifindex <= 0)
		return -EINVAL;
	return filter->mode == FILTER_EXCLUDE
		       ? set_exclude(joins, ifindex, bytes_of(group), filter)
		       : set_include(joins, ifindex, bytes_of(group), filter);
}

bool joins_has(const struct joins *joins, int ifindex, const struct address *group,
	       const struct address *source)
{
	if (!joins || joins->n_buckets == 0)
		return false;
	for (uint32_t i = *bucket_of(joins, ifindex, bytes_of(group)); i != NONE;
	     i = row_at(joins, i)->next) {
		const struct row *row = row_at(joins, i);

		if (row_is(joins, row, ifindex, bytes_of(group)) &&
		    (row->exclude ||
		     memcmp(row->bytes + joins->length, bytes_of(source), joins->length) == 0))
			return true;
	}
	return false;
}

void joins_forget(struct joins *joins, int ifindex)
{
	for (uint32_t i = 0; i < joins->n_buckets; i++) {
		uint32_t *link = &joins->buckets[i];

		while (*link != NONE) {
			struct row *row = row_at(joins, *link);
			uint32_t socket = row->socket;

			if (row->ifindex != (uint32_t)ifindex) {
				link = &row->next;
				continue;
			}
			/* The kernel finds a source's membership by its interface, that of a group
			 * by its number, too: else it would count indefinitely. */
			(void)join_socket_leave(joins->family, joins->sockets[socket].fd, ifindex,
						row->bytes, NULL);
			free_row(joins, link);
			socket_remove_row(joins, socket);
		}
	}
}

bool joins_next(const struct joins *joins, uint32_t *position, int *ret_ifindex,
		struct address *ret_group, struct address *ret_source)
{
	const struct row *row;

	do {
		if (*position >= joins->used_rows)
			return false;
		row = row_at(joins, (*position)++);
	} while (row->ifindex == 0);
	*ret_ifindex = (int)row->ifindex;
	*ret_group = *ret_source = address_of(joins, row->bytes);
	if (!row->exclude)
		*ret_source = address_of(joins, row->bytes + joins->length);
	else
		ret_source->family = AF_UNSPEC;
	return true;
}

sa_family_t joins_family(const struct joins *joins)
{
	return joins->family;
}

size_t joins_count(const struct joins *joins, size_t *ret_sockets)
{
	*ret_sockets = joins->open_sockets;
	return joins->n_rows;
}

void joins_keep(struct joins *joins, joins_keeper keeper, void *userdata)
{
	joins->keeper = keeper;
	joins->userdata = userdata;
}

int joins_open(sa_family_t family, struct joins **ret)
{
	struct joins *joins;
	int r;

	joins = calloc(1, sizeof(*joins));
	if (!joins)
		return -ENOMEM;
	r = hash_draw(&joins->hash);
	if (r < 0) {
		free(joins);
		return r;
	}
	joins->family = family;
	joins->length = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	joins->row_size = sizeof(struct row) + 2 * joins->length;
	joins->free_row = joins->room = joins->closed = NONE;
	descriptor_raise_limit();
	*ret = joins;
	return 0;
}

void joins_close(struct joins *joins)
{
	if (!joins)
		return;
	/* The last first: the kernel has the newest groups at the head of its list. */
	for (uint32_t i = joins->n_sockets; i-- > 0;) {
		const struct socket *socket = &joins->sockets[i];

		if (socket->fd < 0)
			continue;
		if (joins->keeper && socket->kept)
			joins->keeper(socket->fd, i, false, joins->userdata);
		close(socket->fd);
	}
	for (size_t i = 0; i < joins->n_blocks; i++)
		free(joins->blocks[i]);
	free(joins->blocks);
	free(joins->buckets);
	free(joins->sockets);
	free(joins);
}
