#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "cr_options.h"
#include "hugetlb.h"
#include "hugetlb-pool.h"
#include "imgset.h"
#include "kerndat.h"
#include "log.h"
#include "memfd.h"
#include "page.h"
#include "pagemap.h"
#include "pstree.h"
#include "protobuf.h"
#include "vma.h"

#include "images/mm.pb-c.h"

#undef LOG_PREFIX
#define LOG_PREFIX "hugetlb: "

/* Pages of each size that are needed, by index in hugetlb_info */
static unsigned long needed[HUGETLB_MAX];

/* -1: not told, as in images of older CRIU where a mapping was split. */
static int size_index(int flags)
{
	int i;

	for (i = 0; i < HUGETLB_MAX; i++)
		if ((flags & MAP_HUGETLB_SIZE_MASK) == hugetlb_info[i].flag)
			return i;

	return -1;
}

static void need(int flags, unsigned long bytes)
{
	int i = size_index(flags);

	if (i >= 0)
		needed[i] += DIV_ROUND_UP(bytes, hugetlb_info[i].size);
}

/* Bytes of the huge pages of a vma in which the task has pages */
static int count_pages(pid_t vpid, VmaEntry *e, unsigned long *bytes)
{
	int i = size_index(e->flags);
	unsigned long size, counted = e->start;
	struct page_read pr;
	int ret;

	*bytes = 0;
	if (i < 0)
		return 0;

	size = hugetlb_info[i].size;
	ret = open_page_read(vpid, &pr, PR_TASK);
	if (ret <= 0)
		return ret;

	while ((ret = pr.advance(&pr)) > 0 && pr.pe->vaddr < e->end) {
		unsigned long start = max_t(u64, pr.pe->vaddr, counted);
		unsigned long end = min_t(u64, pr.pe->vaddr + pagemap_len(pr.pe), e->end);

		if (start >= end)
			continue;
		start = round_down(start, size);
		end = round_up(end, size);
		*bytes += end - start;
		counted = end;
	}

	pr.close(&pr);
	return ret < 0 ? -1 : 0;
}

/* Each task gets pages of its own, and mmap() reserves them all, unless that is not wanted. */
static int count_private(pid_t vpid, VmaEntry *e)
{
	unsigned long bytes = e->end - e->start;

	if ((e->flags & MAP_NORESERVE) && count_pages(vpid, e, &bytes))
		return -1;

	need(e->flags, bytes);
	return 0;
}

/* The root task will read these images again: what is needed has to be known before there is one. */
static int count_task(struct pstree_item *item)
{
	struct cr_img *img;
	MmEntry *mm;
	size_t i;
	int ret;

	img = open_image(CR_FD_MM, O_RSTR, vpid(item));
	if (!img)
		return -1;

	ret = pb_read_one_eof(img, &mm, PB_MM);
	close_image(img);
	if (ret <= 0)
		return ret;

	for (i = 0, ret = 0; i < mm->n_vmas && !ret; i++)
		if ((mm->vmas[i]->flags & MAP_HUGETLB) && vma_entry_is_private(mm->vmas[i], kdat.task_size))
			ret = count_private(vpid(item), mm->vmas[i]);

	mm_entry__free_unpacked(mm, NULL);
	return ret;
}

/* Objects are mapped as a whole to put their pages into them. */
static void count_memfd(int hugetlb_flag, unsigned long size)
{
	need(hugetlb_flag, size);
}

static long read_pool(unsigned long size, const char *name)
{
	char path[128];
	long value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB/%s", size >> 10, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static int check_pool(unsigned long size, unsigned long nr)
{
	long total = read_pool(size, "nr_hugepages"), free = read_pool(size, "free_hugepages");
	long reserved = read_pool(size, "resv_hugepages"), surplus = read_pool(size, "surplus_hugepages");
	long overcommit = read_pool(size, "nr_overcommit_hugepages");
	long left, extra;

	if (total < 0 || free < 0 || reserved < 0 || surplus < 0 || overcommit < 0) {
		pr_warn("Can't find out whether there are %lu huge pages of %lu kB\n", nr, size >> 10);
		return 0;
	}

	left = max(free - reserved, 0L);
	extra = max(overcommit - surplus, 0L);
	pr_info("%lu huge pages of %lu kB are needed, %ld are free and %ld more may be allocated\n", nr, size >> 10, left,
		extra);
	if (nr <= left + extra)
		return 0;

	pr_err("The tasks need %lu huge pages of %lu kB, %ld are free and not reserved, and %ld more may be allocated: "
	       "/sys/kernel/mm/hugepages/hugepages-%lukB/nr_hugepages (vm.nr_hugepages for the default size) is %ld, it "
	       "has to be %ld\n",
	       nr, size >> 10, left, extra, size >> 10, total, total + (long)nr - left - extra);
	return -1;
}

int check_hugetlb_pools(void)
{
	struct pstree_item *item;
	int i, ret = 0;

	/* The streamer's images can be read only once. */
	if (opts.stream)
		return 0;

	for_each_pstree_item(item)
		if (task_alive(item) && count_task(item))
			return -1;
	memfd_for_each_huge(count_memfd);

	for (i = 0; i < HUGETLB_MAX; i++)
		if (needed[i] && check_pool(hugetlb_info[i].size, needed[i]))
			ret = -1;

	return ret;
}
