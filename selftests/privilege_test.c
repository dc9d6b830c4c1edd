// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of every privilege to processes of every privilege: a round trip
 * works and both stamps are right, whatever namespaces lie between.
 */
#include "capipc_test_ident.h"

#define OVERFLOW_ID 65534U

/* Namespaces of its own that a side has. */
#define OWN_USER 1
#define OWN_PID	 2
#define OWN_NET	 4

FIXTURE(privilege)
{
	struct actor server, client, broker;
	char name[64], path[64];
	__u32 listener;
	__u32 client_end, server_end;
};

FIXTURE_SETUP(privilege)
{
	snprintf(self->path, sizeof(self->path), "/tmp/privilege.%d", getpid());
}

FIXTURE_TEARDOWN(privilege)
{
	actor_stop(&self->server);
	actor_stop(&self->client);
	actor_stop(&self->broker);
	unlink(self->path);
}

/* Both ways, and what each learned about the other. */
static int round_trip(FIXTURE_DATA(privilege) * self, struct actor *client,
		      struct actor *server, struct capipc_stamp *of_client,
		      struct capipc_stamp *of_server)
{
	struct capipc_receive r;
	struct capipc_call c;
	int ret;

	ret = actor_call_begin(client, self->client_end, 1);
	if (!ret)
		ret = actor_receive(server, self->server_end, &r);
	*of_client = r.stamp;
	if (!ret)
		ret = actor_reply(server, r.reply_handle);
	if (!ret)
		ret = actor_call_end(client, &c);
	*of_server = c.stamp;
	return ret;
}

/* What @to should see of @from, root of what it has of its own. */
static void expected_stamp(struct actor *from, int from_own, uid_t from_first,
			   struct actor *to, int to_own,
			   struct capipc_stamp *stamp)
{
	memset(stamp, 0, sizeof(*stamp));
	if (from_own & OWN_USER) {
		stamp->flags = CAPIPC_STAMP_FOREIGN;
		stamp->uid = to_own & OWN_USER ? OVERFLOW_ID : from_first;
	} else {
		stamp->capabilities = caps_all();
		stamp->uid = to_own & OWN_USER ? OVERFLOW_ID : 0;
	}
	stamp->gid = stamp->uid;
	stamp->pid = to_own & OWN_PID ? 0 : from->pid;
}

static int start_in(struct actor *a, int own, uid_t first)
{
	int ret = own & OWN_PID ? actor_fork_pidns(a, NULL) :
				  actor_fork(a, NULL);

	if (!ret)
		ret = actor_open(a);
	if (!ret && (own & OWN_USER))
		ret = actor_userns_root(a, first, 0);
	if (!ret && (own & OWN_NET))
		ret = actor_run(a, act_unshare, CLONE_NEWNET);
	return ret;
}

#define EXPECT_STAMP(_expected, _seen)                                    \
	do {                                                              \
		EXPECT_EQ((_expected).uid, (_seen).uid)                   \
		TH_LOG("from %d to %d", from, to);                        \
		EXPECT_EQ((_expected).gid, (_seen).gid)                   \
		TH_LOG("from %d to %d", from, to);                        \
		EXPECT_EQ((_expected).pid, (_seen).pid)                   \
		TH_LOG("from %d to %d", from, to);                        \
		EXPECT_EQ((_expected).capabilities, (_seen).capabilities) \
		TH_LOG("from %d to %d", from, to);                        \
		EXPECT_EQ((_expected).flags, (_seen).flags)               \
		TH_LOG("from %d to %d", from, to);                        \
	} while (0)

/* All combinations of namespaces at the two ends. */
TEST_F_TIMEOUT(privilege, namespaces, 120)
{
	struct capipc_stamp of_client, of_server, expected;
	struct actor servers[8], clients[8], *broker = &self->broker;
	__u32 listeners[8], end, broker_end;
	char names[8][64];
	int from, to;

	ASSERT_OK(actor_start(broker));
	strcpy(self->name, fresh_name());
	for (to = 0; to < 8; to++) {
		ASSERT_OK(start_in(&servers[to], to, 100000));
		ASSERT_OK(start_in(&clients[to], to, 200000));
		/* its listener is bound by one who may */
		ASSERT_OK(actor_listen(broker, self->name, NULL,
				       &self->listener));
		ASSERT_OK(actor_link(&servers[to], broker, self->name,
				     self->listener, &end, &broker_end));
		ASSERT_OK(actor_close(broker, self->listener));
		strcpy(names[to], fresh_name());
		ASSERT_OK(
			actor_listen(broker, names[to], NULL, &self->listener));
		listeners[to] = actor_move(broker, broker_end, self->listener,
					   &servers[to], end);
		ASSERT_NE(0, listeners[to]);
	}
	for (to = 0; to < 8; to++) {
		for (from = 0; from < 8; from++) {
			ASSERT_OK(actor_link(&clients[from], &servers[to],
					     names[to], listeners[to],
					     &self->client_end,
					     &self->server_end));
			ASSERT_OK(round_trip(self, &clients[from], &servers[to],
					     &of_client, &of_server))
			TH_LOG("from %d to %d", from, to);
			expected_stamp(&clients[from], from, 200000,
				       &servers[to], to, &expected);
			EXPECT_STAMP(expected, of_client);
			expected_stamp(&servers[to], to, 100000, &clients[from],
				       from, &expected);
			EXPECT_STAMP(expected, of_server);
		}
	}
	for (to = 0; to < 8; to++) {
		actor_stop(&servers[to]);
		actor_stop(&clients[to]);
	}
}

/* Anybody may open the device and use it. */
TEST_F(privilege, nobody)
{
	struct capipc_stamp of_client, of_server;
	struct stat st;

	ASSERT_EQ(0, stat(IPC_DEVICE, &st));
	EXPECT_EQ(0666 | S_IFCHR, st.st_mode);
	ASSERT_OK(actor_start(&self->server));
	strcpy(self->name, fresh_name());
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_become(&self->client, 65534));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(round_trip(self, &self->client, &self->server, &of_client,
			     &of_server));
	EXPECT_EQ(65534, of_client.uid);
	EXPECT_EQ(0, of_client.capabilities);
	EXPECT_EQ(0, of_server.uid);
}

static long act_no_new_privs(struct actor_page *page, long unused)
{
	return actor_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

TEST_F(privilege, no_new_privs)
{
	struct capipc_stamp of_client, of_server;

	ASSERT_OK(actor_start(&self->server));
	strcpy(self->name, fresh_name());
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_run(&self->client, act_no_new_privs, 0));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(round_trip(self, &self->client, &self->server, &of_client,
			     &of_server));
	EXPECT_EQ(1000, of_client.uid);

	/* a setuid program is no way around it, nor to a new stamp */
	ASSERT_OK(copy_self(self->path, 04755));
	ASSERT_OK(actor_exec(&self->client, self->path));
	ASSERT_OK(actor_open(&self->client));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(round_trip(self, &self->client, &self->server, &of_client,
			     &of_server));
	EXPECT_EQ(1000, of_client.uid);
	EXPECT_EQ(0, of_client.capabilities);
}

static long act_keep_over_exec(struct actor_page *page, long fd)
{
	return actor_errno(fcntl((int)fd, F_SETFD, 0));
}

/*
 * A setuid program does not inherit what the user's program had: not to be
 * confused by it, and not to lend its privilege to it.
 */
TEST_F(privilege, setuid_program)
{
	struct capipc_stamp of_client, of_server;
	struct capipc_receive r;
	__u32 end, server_end;
	int inherited;

	ASSERT_OK(actor_start(&self->server));
	strcpy(self->name, fresh_name());
	ASSERT_OK(
		actor_listen(&self->server, self->name, NULL, &self->listener));
	ASSERT_OK(actor_fork(&self->client, NULL));
	ASSERT_OK(actor_become(&self->client, 1000));
	ASSERT_OK(actor_open(&self->client));
	inherited = self->client.dev;
	ASSERT_OK(actor_run(&self->client, act_keep_over_exec, inherited));
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &end, &server_end));

	ASSERT_OK(copy_self(self->path, 04755));
	ASSERT_OK(actor_exec(&self->client, self->path));
	ASSERT_EQ(0, proc_status(self->client.pid, "CapEff", 16) ^ caps_all());
	ASSERT_OK(actor_receive(&self->server, server_end, &r));
	EXPECT_EQ(CAPIPC_RECEIVED_PEER_CLOSED, r.type);
	self->client.dev = inherited;
	EXPECT_ERR(EPERM, actor_send(&self->client, end, 1));
	EXPECT_ERR(EPERM, actor_close(&self->client, end));

	/* what it opens itself is its own */
	ASSERT_OK(actor_open(&self->client));
	EXPECT_NE(inherited, self->client.dev);
	ASSERT_OK(actor_link(&self->client, &self->server, self->name,
			     self->listener, &self->client_end,
			     &self->server_end));
	ASSERT_OK(round_trip(self, &self->client, &self->server, &of_client,
			     &of_server));
	EXPECT_EQ(0, of_client.uid);
	EXPECT_EQ(1000, of_client.gid);
	EXPECT_EQ(caps_all(), of_client.capabilities);
	EXPECT_EQ(0, of_client.flags);
}

TEST_HARNESS_MAIN
