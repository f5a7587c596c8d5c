#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_options.h"
#include "crtools.h"
#include "final-pass.h"
#include "image.h"
#include "log.h"
#include "servicefd.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "final-pass: "

static bool is_wanted(void)
{
	const char *without;

	if (opts.final_pass == FINAL_PASS_AUTO && !(opts.pre_dump_mode == PRE_DUMP_LIVE && opts.img_parent))
		return false;
	if (opts.final_pass == FINAL_PASS_NO)
		return false;

	without = opts.use_page_server ? "--page-server" : opts.stream ? "--stream" : !opts.track_mem ? "no --track-mem" : NULL;
	if (without)
		pr_warn("No live pre-dump before the dump: it can't be made with %s\n", without);
	return !without;
}

/* The images of the pre-dump are a directory deeper. */
static int move_to_directory(void)
{
	char *parent = opts.img_parent;
	char path[64];
	int fd;

	if (parent && parent[0] != '/') {
		opts.img_parent = xsprintf("../%s", parent);
		if (!opts.img_parent)
			return -1;
	}

	fd = openat(get_service_fd(IMG_FD_OFF), FINAL_PASS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		pr_perror("Can't open " FINAL_PASS_DIR);
		return -1;
	}

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	close_image_dir();
	if (open_image_dir(path, O_DUMP))
		return -1;

	/* For the statistics */
	if (chdir(path)) {
		pr_perror("Can't change to " FINAL_PASS_DIR);
		return -1;
	}

	return 0;
}

/* In a child: neither the descriptor of the images nor the working directory of the dump must change. */
static int pre_dump(pid_t pid)
{
	if (move_to_directory())
		return -1;

	/* A run of its own, which the images of the dump will refer to */
	util_init();
	opts.pre_dump_mode = PRE_DUMP_LIVE;
	opts.mem_tracker_verify = false;
	opts.lazy_pages = false;
	return cr_pre_dump_tasks(pid);
}

/* Whoever may read, copy and remove the images may do so with those of the pre-dump. */
static int make_directory(void)
{
	int dfd = get_service_fd(IMG_FD_OFF);
	struct stat images;

	if (fstat(dfd, &images) || mkdirat(dfd, FINAL_PASS_DIR, 0700))
		return -1;

	if (fchownat(dfd, FINAL_PASS_DIR, images.st_uid, images.st_gid, AT_SYMLINK_NOFOLLOW) ||
	    fchmodat(dfd, FINAL_PASS_DIR, images.st_mode & 07777, 0))
		pr_pwarn("Can't make " FINAL_PASS_DIR " as accessible as the directory of the images");

	return 0;
}

static int make_parent(void)
{
	int dfd = get_service_fd(IMG_FD_OFF);

	if (symlinkat(FINAL_PASS_DIR, dfd, CR_PARENT_LINK ".new") ||
	    renameat(dfd, CR_PARENT_LINK ".new", dfd, CR_PARENT_LINK)) {
		pr_perror("Can't link " FINAL_PASS_DIR " as parent images");
		return -1;
	}

	SET_CHAR_OPTS(img_parent, FINAL_PASS_DIR);
	return 0;
}

void final_pass(pid_t pid)
{
	pid_t child;
	int status;

	if (!is_wanted())
		return;

	if (make_directory()) {
		pr_pwarn("No live pre-dump before the dump: can't make " FINAL_PASS_DIR);
		return;
	}

	child = fork();
	if (!child)
		exit(pre_dump(pid) ? 1 : 0);

	if (child < 0 || waitpid(child, &status, 0) != child || status || make_parent())
		pr_warn("The live pre-dump before the dump failed, the dump will be a full one\n");
}
