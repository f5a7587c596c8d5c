/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the kernel's user API that this project needs and that the
 * <linux/fs.h> and <linux/userfaultfd.h> of older distributions lack.
 * Sources: ioctl_userfaultfd(2), PAGEMAP_SCAN(2const), and the kernel's
 * Documentation/admin-guide/mm/{pagemap,userfaultfd}.rst (Linux 6.7).
 */
#ifndef UFFD_WP_UAPI_H
#define UFFD_WP_UAPI_H

#include <linux/fs.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1 /* Linux 5.11 */
#endif

#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13) /* Linux 6.4 */
#endif

#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15) /* Linux 6.7 */
#endif

#ifndef UFFD_FEATURE_WP_ASYNC_PINNED
#define UFFD_FEATURE_WP_ASYNC_PINNED (1 << 24) /* kernel-patches */
#endif

#ifndef UFFD_FEATURE_WP_NO_POPULATE
#define UFFD_FEATURE_WP_NO_POPULATE (1 << 28) /* kernel-patches */
#endif

#ifndef UFFDIO_REGISTER_MODE_EXACT /* kernel-patches */
#define UFFD_FEATURE_REGISTER_EXACT (1 << 29)
#define UFFDIO_REGISTER_MODE_EXACT  ((uint64_t)1 << 16)
#endif

#ifndef USERFAULTFD_IOC_NEW_PIDFD /* kernel-patches */
#define USERFAULTFD_IOC_NEW_PIDFD _IOW(0xAA, 0x40, struct userfaultfd_new_pidfd)

struct userfaultfd_new_pidfd {
	int32_t pidfd;
	uint32_t flags; /* of userfaultfd(2) */
};
#endif

#ifndef PAGEMAP_SCAN /* Linux 6.7 */
#define PAGE_IS_WPALLOWED (1 << 0)
#define PAGE_IS_WRITTEN	  (1 << 1)
#define PAGE_IS_FILE	  (1 << 2)
#define PAGE_IS_PRESENT	  (1 << 3)
#define PAGE_IS_SWAPPED	  (1 << 4)
#define PAGE_IS_PFNZERO	  (1 << 5)
#define PAGE_IS_HUGE	  (1 << 6)

struct page_region {
	uint64_t start; /* bytes, page-aligned */
	uint64_t end;	/* exclusive */
	uint64_t categories;
};

#define PM_SCAN_WP_MATCHING   (1 << 0)
#define PM_SCAN_CHECK_WPASYNC (1 << 1)

struct pm_scan_arg {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#endif

#ifndef PAGE_IS_GUARD
#define PAGE_IS_GUARD (1 << 8) /* Linux 6.15 */
#endif

#endif /* UFFD_WP_UAPI_H */
