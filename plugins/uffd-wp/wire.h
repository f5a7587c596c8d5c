/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mechanism: one protobuf message and its descriptors as one packet of a
 * SOCK_SEQPACKET socket. Used by the keeper and by its clients.
 */
#ifndef UFFD_WP_WIRE_H
#define UFFD_WP_WIRE_H

#include "keeper.pb-c.h"

#define WIRE_MAX     32768 /* bytes, of a packed message */
#define WIRE_MAX_FDS 2

struct wire_fds {
	unsigned int nr;
	int fd[WIRE_MAX_FDS];
};

/*
 * Sends a message. The descriptors (fds may be NULL: none) stay the caller's.
 * 0 or -errno: -EMSGSIZE when it is too long to send, what sendmsg(2) says
 * otherwise. Never raises SIGPIPE.
 */
int wire_send(int sk, const ProtobufCMessage *msg, const struct wire_fds *fds);

/*
 * Receive one packet. On success the message is the caller's, to be freed with
 * uffd_wp__{request,response}__free_unpacked(msg, NULL), and so are the
 * descriptors (close-on-exec). On error there is nothing to free or close:
 *  -ECONNRESET  the other side closed the connection
 *  -EMSGSIZE    the packet was longer than WIRE_MAX
 *  -EBADMSG     no such message, or with a wrong number of descriptors
 *  -errno       of recvmsg(2)
 */
int wire_recv_request(int sk, UffdWp__Request **req, struct wire_fds *fds);

/* nr_fds: how many descriptors come with it when its error is 0; with any other error there are none. */
int wire_recv_response(int sk, unsigned int nr_fds, UffdWp__Response **rsp, struct wire_fds *fds);

/* Number of descriptors that belong to a request of this type. */
unsigned int wire_request_nr_fds(UffdWp__RequestType type);

/* Closes all that are left (not negative). */
void wire_close_fds(struct wire_fds *fds);

#endif /* UFFD_WP_WIRE_H */
