// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pages.h"

#define MAX_PAGE_SIZE 65536

/* The subjects' own tags have a step in the upper half, which is small; bits 62 and 63 are flags. */
#define TAG_OF_STRESS (1ULL << 61)

uint64_t author_new_tag(struct author *author)
{
	uint64_t who = (author->serial & 0xffff) << 8 | (author->thread & 0xff);

	return TAG_OF_STRESS | who << 36 | (++author->writes & ((1ULL << 36) - 1));
}

static void by_read(void *page, const void *content)
{
	int fds[2];

	must(pipe2(fds, O_CLOEXEC) == 0);
	must(write(fds[1], content, page_size) == (ssize_t)page_size);
	must(read(fds[0], page, page_size) == (ssize_t)page_size);
	close(fds[0]);
	close(fds[1]);
}

static void by_vm_writev(void *page, void *content)
{
	struct iovec from = { content, page_size }, to = { page, page_size };

	must(process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)page_size);
}

static bool by_mem_file(void *page, const void *content)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t len;

	must(fd >= 0);
	len = pwrite(fd, content, page_size, (uintptr_t)page);
	close(fd);
	return len == (ssize_t)page_size;
}

bool page_change(struct author *author, struct region *r, size_t page, enum how how)
{
	uint64_t tag = author_new_tag(author);
	void *address = region_page(r, page);
	char content[MAX_PAGE_SIZE];

	if (how == BY_STORE) {
		page_fill(address, tag);
		r->tags[page] = tag;
		return true;
	}
	page_fill(content, tag);
	if (how == BY_READ)
		by_read(address, content);
	else if (how == BY_VM_WRITEV)
		by_vm_writev(address, content);
	else if (!by_mem_file(address, content))
		return false;
	r->tags[page] = tag;
	return true;
}

void page_check(const struct region *r, size_t page)
{
	const uint64_t *found = (void *)region_page(r, page);
	uint64_t tag = r->tags[page], expected[MAX_PAGE_SIZE / 8];
	size_t i, nr = page_size / sizeof(*found);

	page_fill(expected, tag);
	for (i = 0; i < nr && found[i] == expected[i];)
		i++;
	if (i == nr)
		return;
	/* The kernel may free the page between two words; after that it stays zero. */
	if (tag & TAG_OR_ZERO) {
		for (i = 0; i < nr && !found[i];)
			i++;
		if (i == nr)
			return;
	}
	fail("running, pid %d: page %p (%zu of region %s) must hold %#llx, word %zu is %#llx", getpid(), (void *)found,
	     page, r->name, (unsigned long long)tag, i, (unsigned long long)found[i]);
}
