// SPDX-License-Identifier: GPL-2.0
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Heap DIRECTORY: the virtual machine, with some heap; see protocol.h. */
public class Heap {
	static final int NR_BLOCKS = 4000;
	static final int[][] blocks = new int[NR_BLOCKS][];
	static final int[] tags = new int[NR_BLOCKS];

	static void fill(int i, int tag) {
		tags[i] = tag;
		blocks[i] = new int[2048];
		Arrays.fill(blocks[i], tag);
	}

	static String step(int n) {
		for (int i = 0; i < NR_BLOCKS; i++)
			for (int value : blocks[i])
				if (value != tags[i])
					return "fail step " + n + ": block " + i;
		for (int i = n % 8; i < NR_BLOCKS; i += 8)
			fill(i, tags[i] + 1);
		return "ok";
	}

	static void report(Path directory, int n, String text) throws Exception {
		Path temporary = directory.resolve("temporary");
		Files.writeString(temporary, text);
		Files.move(temporary, directory.resolve("done-" + n + "." + ProcessHandle.current().pid()));
	}

	public static void main(String[] args) throws Exception {
		Path directory = Path.of(args[0]);

		for (int i = 0; i < NR_BLOCKS; i++)
			fill(i, i);
		report(directory, 0, "ok");
		for (int n = 1;; n++) {
			while (!Files.exists(directory.resolve("go-" + n)))
				Thread.sleep(5);
			report(directory, n, step(n));
		}
	}
}
