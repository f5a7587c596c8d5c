// SPDX-License-Identifier: GPL-2.0
// heap.js DIRECTORY: the interpreter, with some heap; see protocol.h.
const fs = require('fs')
const path = require('path')

const NR_BLOCKS = 4000
const directory = process.argv[2]
const blocks = []
const tags = []
for (let i = 0; i < NR_BLOCKS; i++) {
	tags.push(i % 251)
	blocks.push(new Array(1024).fill(tags[i]))
}

function step(n) {
	for (let i = 0; i < NR_BLOCKS; i++)
		if (!blocks[i].every((value) => value === tags[i]))
			return `fail step ${n}: block ${i}`
	for (let i = n % 8; i < NR_BLOCKS; i += 8) {
		tags[i] = (tags[i] + 1) % 251
		blocks[i] = new Array(1024).fill(tags[i])
	}
	return 'ok'
}

function report(n, text) {
	const temporary = path.join(directory, 'temporary')
	fs.writeFileSync(temporary, text)
	fs.renameSync(temporary, path.join(directory, `done-${n}.${process.pid}`))
}

let n = 1
report(0, 'ok')
setInterval(() => {
	if (fs.existsSync(path.join(directory, `go-${n}`))) {
		report(n, step(n))
		n++
	}
}, 5)
