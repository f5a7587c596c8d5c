// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define FDS_SIZE(nr) ((nr) * sizeof(int))

/* Room for WIRE_MAX_FDS: the kernel closes what does not fit, and says MSG_CTRUNC. */
union control {
	char buf[CMSG_SPACE(FDS_SIZE(WIRE_MAX_FDS))];
	struct cmsghdr align;
};

void wire_close_fds(struct wire_fds *fds)
{
	unsigned int i;

	for (i = 0; i < fds->nr; i++)
		if (fds->fd[i] >= 0)
			close(fds->fd[i]);
	fds->nr = 0;
}

unsigned int wire_request_nr_fds(UffdWp__RequestType type)
{
	return type == UFFD_WP__REQUEST_TYPE__PUT ? 2 : 0;
}

static void attach_fds(struct msghdr *hdr, union control *control, const struct wire_fds *fds)
{
	struct cmsghdr *cmsg;

	memset(control, 0, sizeof(*control));
	hdr->msg_control = control->buf;
	hdr->msg_controllen = CMSG_SPACE(FDS_SIZE(fds->nr));

	cmsg = CMSG_FIRSTHDR(hdr);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(FDS_SIZE(fds->nr));
	memcpy(CMSG_DATA(cmsg), fds->fd, FDS_SIZE(fds->nr));
}

int wire_send(int sk, const ProtobufCMessage *msg, const struct wire_fds *fds)
{
	uint8_t buf[WIRE_MAX];
	struct iovec iov = { .iov_base = buf };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t sent;

	if (protobuf_c_message_get_packed_size(msg) > sizeof(buf))
		return -EMSGSIZE;

	iov.iov_len = protobuf_c_message_pack(msg, buf);
	if (fds && fds->nr)
		attach_fds(&hdr, &control, fds);

	do
		sent = sendmsg(sk, &hdr, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);

	return sent < 0 ? -errno : 0;
}

static void detach_fds(struct msghdr *hdr, struct wire_fds *fds)
{
	struct cmsghdr *cmsg;

	fds->nr = 0;
	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;

		/* One header of WIRE_MAX_FDS at most: the buffer has no room for more. */
		fds->nr = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds->fd, CMSG_DATA(cmsg), FDS_SIZE(fds->nr));
	}
}

static int packet_error(const struct msghdr *hdr, ssize_t received)
{
	if (hdr->msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (hdr->msg_flags & MSG_CTRUNC)
		return -EBADMSG;
	/* An empty packet looks like the end of the connection, but for descriptors that came with it. */
	return received ? 0 : -ECONNRESET;
}

static int recv_message(int sk, const ProtobufCMessageDescriptor *type, ProtobufCMessage **msg, struct wire_fds *fds)
{
	uint8_t buf[WIRE_MAX];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	union control control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t received;
	int ret;

	do
		received = recvmsg(sk, &hdr, MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;

	detach_fds(&hdr, fds);
	ret = packet_error(&hdr, received);
	if (!ret) {
		*msg = protobuf_c_message_unpack(type, NULL, received, buf);
		ret = *msg ? 0 : -EBADMSG;
	}

	if (ret)
		wire_close_fds(fds);
	return ret;
}

int wire_recv_request(int sk, UffdWp__Request **req, struct wire_fds *fds)
{
	ProtobufCMessage *msg;
	int ret;

	ret = recv_message(sk, &uffd_wp__request__descriptor, &msg, fds);
	if (ret)
		return ret;

	*req = (UffdWp__Request *)msg;
	if (fds->nr == wire_request_nr_fds((*req)->type))
		return 0;

	wire_close_fds(fds);
	uffd_wp__request__free_unpacked(*req, NULL);
	return -EBADMSG;
}

int wire_recv_response(int sk, unsigned int nr_fds, UffdWp__Response **rsp, struct wire_fds *fds)
{
	ProtobufCMessage *msg;
	int ret;

	ret = recv_message(sk, &uffd_wp__response__descriptor, &msg, fds);
	if (ret)
		return ret;

	*rsp = (UffdWp__Response *)msg;
	if (fds->nr == ((*rsp)->error ? 0 : nr_fds))
		return 0;

	wire_close_fds(fds);
	uffd_wp__response__free_unpacked(*rsp, NULL);
	return -EBADMSG;
}
