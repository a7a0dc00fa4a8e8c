// The process that holds a pod's namespaces open: sleeps, reaps what is orphaned to it when the pod
// shares its process namespace, and ends on SIGINT or SIGTERM.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

int main(void) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGCHLD);
  sigprocmask(SIG_BLOCK, &wanted, NULL);
  for (;;) {
    const int got = sigwaitinfo(&wanted, NULL);
    if (got == SIGINT || got == SIGTERM) return 0;
    if (got < 0 && errno != EINTR) return 1;
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  }
}
