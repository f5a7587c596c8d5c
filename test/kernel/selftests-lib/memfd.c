// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into the kernel's own tests: memfd_create() for kernels older than the test, which may not know
 * MFD_NOEXEC_SEAL (6.3) yet. None of the tests is about that flag.
 */
#include <errno.h>
#include <sys/mman.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

int __real_memfd_create(const char *name, unsigned int flags);

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	int fd = __real_memfd_create(name, flags);

	if (fd < 0 && errno == EINVAL && flags & MFD_NOEXEC_SEAL)
		fd = __real_memfd_create(name, flags & ~MFD_NOEXEC_SEAL);
	return fd;
}
