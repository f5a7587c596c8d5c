// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../chain/subject.h"
#include "actor.h"
#include "control.h"

struct control *control;

void control_map(bool create)
{
	int fd = open("control", O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0600);

	must(fd >= 0);
	if (create)
		must(ftruncate(fd, page_size) == 0);
	control = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(control != MAP_FAILED);
	close(fd);
}

int process_claim(unsigned int parent)
{
	unsigned int i;

	for (i = 1; i < NR_PROCESSES; i++) {
		struct process *p = &control->processes[i];
		uint32_t expected = FREE;

		if (!__atomic_compare_exchange_n(&p->state, &expected, STARTING, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		p->parent = parent;
		p->end = p->parked = p->checked = 0;
		p->pid = 0;
		return i;
	}
	return -1;
}

unsigned int next_serial(void)
{
	return __atomic_add_fetch(&control->serials, 1, __ATOMIC_RELAXED);
}
