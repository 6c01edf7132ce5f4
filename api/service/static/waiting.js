// A job that goes on: look again soon.

setTimeout(() => location.reload(), 1500);
