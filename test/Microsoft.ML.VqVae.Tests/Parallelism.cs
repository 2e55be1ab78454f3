// One test at a time: tests count live tensors and read torch's global generator, and libtorch already uses every core.
[assembly: DoNotParallelize]
