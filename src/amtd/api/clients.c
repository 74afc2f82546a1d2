/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/clients.h"

#include "amtd/api/describe-event.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#include <amt/bus.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* Events queued for slow clients, of all clients together; each is some 2 KB. */
#define QUEUED_MAX 4096

/* Socket buffer of each. sd-bus's default is 8 MB. */
#define SEND_BUFFER (256 * 1024)

/* The listener rests for so long, or until a client leaves. */
#define REST_USEC USEC_PER_SEC

#define CHECK_USEC (CLIENT_STALLED_USEC / 4)

struct client {
	struct clients *clients;
	sd_bus *connection;
	int fd; /* the connection's */
	uid_t uid;
	pid_t pid;
	bool ended;    /* it will be disconnected */
	uint64_t lost; /* events, since it did not read */

	uint64_t sent;		/* messages */
	uint64_t last_answer;	/* the number of that message */
	unsigned int n_answers; /* that may be queued yet */
	size_t answers;		/* bytes of these */
	uint64_t written;	/* sent, less queued, when it was last seen to read */
	int unread;		/* bytes in the socket, at that time */
	uint64_t stalled_usec;	/* since then; CLOCK_MONOTONIC, 0: nothing waits */
	struct client *next;
};

struct clients {
	sd_event *event;
	sd_event_source *listener;
	sd_event_source *rest;	/* while the listener is off */
	sd_event_source *check; /* while something waits for a client */
	sd_event_source *post;	/* while a client has lost events */
	int fd;
	const char *path;
	client_start start;
	void *userdata;
	sd_id128_t id;
	struct client *first;
	unsigned int n;
	bool refusing; /* the log has it */
	bool resting;  /* likewise */
};

void *client_userdata(const struct client *client)
{
	return client->clients->userdata;
}

static uint64_t queued(const struct client *client)
{
	uint64_t n = 0;

	(void)sd_bus_get_n_queued_write(client->connection, &n);
	return n;
}

/*
 * Ends.
 */

static void listen_again(struct clients *clients)
{
	timer_disarm(clients->rest);
	(void)sd_event_source_set_enabled(clients->listener, SD_EVENT_ON);
}

static void client_free(struct client *client)
{
	struct clients *clients = client->clients;
	struct client **link = &clients->first;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	clients->n--;
	sd_bus_close_unref(client->connection);
	free(client);
	listen_again(clients);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	client_free(userdata);
	return 0;
}

/* sd-bus notices, and on_disconnected() follows: this may be called while it handles a message. */
static void client_end(struct client *client, const char *why)
{
	if (client->ended)
		return;
	client->ended = true;
	log_notice(client->clients->path, "client disconnected (PID %d, UID %u): %s",
		   (int)client->pid, (unsigned int)client->uid, why);
	(void)shutdown(client->fd, SHUT_RDWR);
}

/*
 * What waits.
 */

/* Has it read anything since the last time? */
static bool has_read(struct client *client)
{
	uint64_t written = client->sent - queued(client);
	int unread = 0;
	bool progress;

	(void)ioctl(client->fd, SIOCOUTQ, &unread);
	progress = written > client->written || unread != client->unread;
	client->written = written;
	client->unread = unread;
	return progress;
}

static int on_check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct clients *clients = userdata;
	uint64_t now = clock_monotonic();
	bool waiting = false;

	for (struct client *client = clients->first; client; client = client->next) {
		if (queued(client) == 0) {
			client->stalled_usec = 0;
			continue;
		}
		waiting = true;
		if (has_read(client) || client->stalled_usec == 0)
			client->stalled_usec = now;
		else if (now - client->stalled_usec >= CLIENT_STALLED_USEC)
			client_end(client, "it does not read");
	}
	if (waiting)
		timer_ensure(clients->check, CHECK_USEC);
	return 0;
}

static void count_sent(struct client *client)
{
	client->sent++;
	timer_ensure(client->clients->check, CHECK_USEC);
}

/* Each call has an answer, an error or one of sd-bus's own among them. */
static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct client *client = userdata;

	if (client->ended || !sd_bus_message_is_method_call(message, NULL, NULL))
		return client->ended && sd_bus_message_is_method_call(message, NULL, NULL);
	/* The queue is in order: the last answer has left it, and so have all. */
	if (queued(client) <= client->sent - client->last_answer) {
		client->n_answers = 0;
		client->answers = 0;
	}
	if (client->n_answers >= CLIENT_CALLS_MAX) {
		client_end(client, "it does not read its answers");
		return 1;
	}
	count_sent(client);
	client->n_answers++;
	client->last_answer = client->sent;
	return 0;
}

int client_answer(struct client *client, sd_bus_message *call, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (client->answers > 0 && client->answers + length > CLIENT_ANSWERS_MAX) {
		client_end(client, "it does not read its answers");
		return 1;
	}
	client->answers += length;
	return text ? sd_bus_reply_method_return(call, "s", text)
		    : sd_bus_reply_method_return(call, NULL);
}

static void send_event(struct client *client, const json_t *event)
{
	char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;

	if (text && sd_bus_emit_signal(client->connection, BUS_PATH, BUS_INTERFACE, "Event", "s",
				       text) >= 0)
		count_sent(client);
	free(text);
}

/* A client that reads again gets the number of lost events, to resynchronize. */
static int on_post(sd_event_source *source, void *userdata)
{
	struct clients *clients = userdata;
	bool waiting = false;

	for (struct client *client = clients->first; client; client = client->next) {
		json_t *event;

		if (client->lost == 0 || client->ended)
			continue;
		if (queued(client) > 0) {
			waiting = true;
			continue;
		}
		event = describe_lost(client->lost);
		client->lost = 0;
		send_event(client, event);
		json_decref(event);
	}
	if (!waiting)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

void clients_send(struct clients *clients, const json_t *event)
{
	for (struct client *client = clients->first; client; client = client->next) {
		if (client->ended)
			continue;
		if (client->lost == 0 && queued(client) < QUEUED_MAX / clients->n) {
			send_event(client, event);
			continue;
		}
		client->lost++;
		(void)sd_event_source_set_enabled(clients->post, SD_EVENT_ON);
	}
}

/*
 * Beginnings.
 */

static int client_open(struct client *client)
{
	struct clients *clients = client->clients;
	sd_bus *connection = client->connection;
	const int buffer = SEND_BUFFER;
	int r;

	r = sd_bus_set_fd(connection, client->fd, client->fd);
	if (r < 0) {
		close(client->fd);
		return r;
	}
	r = sd_bus_set_server(connection, 1, clients->id);
	if (r < 0)
		return r;
	/* The socket's mode controls access: a connected client may do everything. */
	r = sd_bus_set_trusted(connection, 1);
	if (r < 0)
		return r;
	r = sd_bus_start(connection);
	if (r < 0)
		return r;
	if (setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)) < 0)
		return -errno;
	r = sd_bus_add_filter(connection, NULL, on_message, client);
	if (r < 0)
		return r;
	r = clients->start(connection, client, clients->userdata);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(connection, NULL, NULL, "/org/freedesktop/DBus/Local",
				"org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
				client);
	if (r < 0)
		return r;
	return sd_bus_attach_event(connection, clients->event, SD_EVENT_PRIORITY_NORMAL);
}

/* Takes over fd. */
static int client_new(struct clients *clients, int fd, const struct ucred *credentials)
{
	struct client *client;
	int r;

	client = calloc(1, sizeof(*client));
	r = client ? sd_bus_new(&client->connection) : -ENOMEM;
	if (r < 0) {
		close(fd);
		free(client);
		return r;
	}
	client->clients = clients;
	client->fd = fd;
	client->uid = credentials->uid;
	client->pid = credentials->pid;
	client->next = clients->first;
	clients->first = client;
	clients->n++;
	r = client_open(client);
	if (r < 0)
		client_free(client);
	return r;
}

static bool is_full(const struct clients *clients, uid_t uid)
{
	unsigned int n = 0;

	for (const struct client *client = clients->first; client; client = client->next)
		n += client->uid == uid;
	return clients->n >= CLIENTS_MAX || n >= CLIENTS_OF_USER;
}

/* 0, or -EMFILE: one more client would leave too few. A copy gets the lowest free number, so all
 * below are taken; those from FD_SETSIZE on are of no use to libnftables. */
static int check_spare(int fd)
{
	struct rlimit limit = { .rlim_cur = FD_SETSIZE };
	int lowest = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (lowest < 0)
		return -errno;
	close(lowest);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > FD_SETSIZE)
		limit.rlim_cur = FD_SETSIZE;
	return (rlim_t)lowest + CLIENTS_SPARE < limit.rlim_cur ? 0 : -EMFILE;
}

static int on_rest(sd_event_source *source, uint64_t usec, void *userdata)
{
	listen_again(userdata);
	return 0;
}

/* The connection stays in the socket's queue, which epoll would tell without end. */
static void rest(struct clients *clients, int error)
{
	if (!clients->resting)
		log_warning(
			clients->path,
			"cannot accept a client: %s; raise LimitNOFILE= of amtd; trying again when one leaves",
			strerror(-error));
	clients->resting = true;
	(void)sd_event_source_set_enabled(clients->listener, SD_EVENT_OFF);
	timer_arm_relative(clients->rest, REST_USEC);
}

static void refuse(struct clients *clients, int fd, uid_t uid)
{
	if (!clients->refusing)
		log_warning(
			clients->path,
			"%u clients, and no more than %d, or %d of one user, are served: UID %u refused",
			clients->n, CLIENTS_MAX, CLIENTS_OF_USER, (unsigned int)uid);
	clients->refusing = true;
	close(fd);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct clients *clients = userdata;
	struct ucred credentials = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(credentials);
	int connection, r;

	r = check_spare(fd);
	connection = r < 0 ? -1 : accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (r == 0 && connection < 0)
		r = -errno;
	if (r < 0) {
		if (r != -EAGAIN && r != -EINTR && r != -ECONNABORTED)
			rest(clients, r);
		return 0;
	}
	clients->resting = false;
	(void)getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
	if (is_full(clients, credentials.uid)) {
		refuse(clients, connection, credentials.uid);
		return 0;
	}
	clients->refusing = false;
	r = client_new(clients, connection, &credentials);
	if (r < 0)
		log_warning(clients->path, "cannot serve a client: %s", strerror(-r));
	return 0;
}

int clients_new(sd_event *event, int fd, const char *path, client_start start, void *userdata,
		struct clients **ret)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	int r;

	if (!clients) {
		close(fd);
		return -ENOMEM;
	}
	clients->event = sd_event_ref(event);
	clients->fd = fd;
	clients->path = path;
	clients->start = start;
	clients->userdata = userdata;
	r = sd_id128_randomize(&clients->id);
	if (r >= 0)
		r = sd_event_add_io(event, &clients->listener, fd, EPOLLIN, on_connection, clients);
	if (r >= 0)
		r = timer_add(event, &clients->rest, TIMER_COARSE, on_rest, clients);
	if (r >= 0)
		r = timer_add(event, &clients->check, TIMER_COARSE, on_check, clients);
	if (r >= 0)
		r = sd_event_add_post(event, &clients->post, on_post, clients);
	if (r >= 0)
		r = sd_event_source_set_enabled(clients->post, SD_EVENT_OFF);
	if (r < 0) {
		clients_free(clients);
		return r;
	}
	*ret = clients;
	return 0;
}

void clients_free(struct clients *clients)
{
	if (!clients)
		return;
	while (clients->first)
		client_free(clients->first);
	sd_event_source_disable_unref(clients->listener);
	sd_event_source_disable_unref(clients->rest);
	sd_event_source_disable_unref(clients->check);
	sd_event_source_disable_unref(clients->post);
	close(clients->fd);
	sd_event_unref(clients->event);
	free(clients);
}
