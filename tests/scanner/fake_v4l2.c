/* A video device made of a recorded sequence, for machines without /dev/video*. Preloaded, it answers the calls that a
   program makes on the path FAKE_V4L2_DEVICE as a driver with memory-mapped buffers does (Linux media API, V4L2).
   FAKE_V4L2_FRAMES holds FAKE_V4L2_COUNT images (BGR, FAKE_V4L2_WIDTH x FAKE_V4L2_HEIGHT), each given FAKE_V4L2_REPEAT
   times at 60 Hz; then the signal is lost. The time of the first image [ns, monotonic] goes to FAKE_V4L2_START. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 4 };
static const int64_t PERIOD_NS = 16666667;
static int device = -1, frames = -1, queue[BUFFERS], queued;
static unsigned width, height, count, repeat;
static uint8_t *memory[BUFFERS];
static int64_t start_ns, taken, due;

static unsigned number(const char *name) { return (unsigned)atoi(getenv(name)); }

static int begin(void) {
  frames = openat(AT_FDCWD, getenv("FAKE_V4L2_FRAMES"), O_RDONLY);
  width = number("FAKE_V4L2_WIDTH"), height = number("FAKE_V4L2_HEIGHT");
  count = number("FAKE_V4L2_COUNT"), repeat = number("FAKE_V4L2_REPEAT");
  return device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static void run(int on) {
  struct itimerspec timer = {0};
  if (on) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    start_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + PERIOD_NS;
    timer.it_value = (struct timespec){start_ns / 1000000000, start_ns % 1000000000};
    timer.it_interval = (struct timespec){0, PERIOD_NS};
    FILE *told = fopen(getenv("FAKE_V4L2_START"), "w");
    fprintf(told, "%lld", (long long)start_ns);
    fclose(told);
  }
  timerfd_settime(device, TFD_TIMER_ABSTIME, &timer, NULL);
}

static int dequeue(struct v4l2_buffer *buffer) {
  uint64_t ticks;
  if (read(device, &ticks, sizeof ticks) == sizeof ticks) due += ticks; /* a slow reader misses none */
  if (!queued || taken >= due) return errno = EAGAIN, -1;
  int64_t k = taken++;
  if (k >= (int64_t)count * repeat) return run(0), errno = EAGAIN, -1;
  int64_t at_ns = start_ns + k * PERIOD_NS;
  unsigned size = width * height * 3;
  buffer->index = queue[0];
  memmove(queue, queue + 1, --queued * sizeof *queue);
  if (pread(frames, memory[buffer->index], size, (k / repeat) * size) != size) return errno = EIO, -1;
  buffer->bytesused = buffer->length = size;
  buffer->sequence = k;
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_MAPPED;
  buffer->timestamp = (struct timeval){at_ns / 1000000000, at_ns % 1000000000 / 1000};
  return 0;
}

static int answer(unsigned long request, void *argument) {
  struct v4l2_capability *capability = argument;
  struct v4l2_format *format = argument;
  struct v4l2_requestbuffers *asked = argument;
  struct v4l2_buffer *buffer = argument;
  switch (request) {
  case VIDIOC_QUERYCAP:
    memset(capability, 0, sizeof *capability);
    strcpy((char *)capability->driver, "fake");
    capability->capabilities = capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    return 0;
  case VIDIOC_G_FMT: case VIDIOC_S_FMT: case VIDIOC_TRY_FMT:
    if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) break;
    format->fmt.pix = (struct v4l2_pix_format){width, height, V4L2_PIX_FMT_BGR24, V4L2_FIELD_NONE, width * 3, width * height * 3};
    return 0;
  case VIDIOC_REQBUFS:
    if (asked->count > BUFFERS) asked->count = BUFFERS;
    queued = 0;
    return 0;
  case VIDIOC_QUERYBUF:
    if (buffer->index >= BUFFERS) break;
    buffer->length = width * height * 3, buffer->m.offset = buffer->index * buffer->length;
    return 0;
  case VIDIOC_QBUF:
    queue[queued++] = buffer->index;
    return 0;
  case VIDIOC_DQBUF: return dequeue(buffer);
  case VIDIOC_STREAMON: return run(1), 0;
  case VIDIOC_STREAMOFF: return run(0), 0;
  case VIDIOC_S_PARM: case VIDIOC_G_PARM: return 0;
  }
  return errno = EINVAL, -1;
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (fd == device && fd >= 0) return answer(request & 0xffffffff, argument);
  return ((int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl"))(fd, request, argument);
}

static int opened(const char *name, const char *path, int flags, mode_t mode) {
  const char *own = getenv("FAKE_V4L2_DEVICE");
  if (own && !strcmp(path, own)) return begin();
  return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, name))(path, flags, mode);
}

#define OPEN(name)                                                                                                     \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;                                        \
    va_end(rest);                                                                                                      \
    return opened(#name, path, flags, mode);                                                                           \
  }
OPEN(open)
OPEN(open64)

static void *mapped(const char *name, void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, name);
  if (fd != device || fd < 0) return real(at, length, protection, flags, fd, offset);
  void *found = real(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memory[offset / length] = found;
  return found;
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return mapped("mmap", at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return mapped("mmap64", at, length, protection, flags, fd, offset);
}
