"""Headers of the C and C++ standard libraries and of POSIX, which a repository's file of the same name is not."""

from __future__ import annotations

SYSTEM_HEADERS = frozenset(
    """
    assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h setjmp.h signal.h
    stdalign.h stdarg.h stdatomic.h stdbit.h stdbool.h stdckdint.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h
    string.h tgmath.h threads.h time.h uchar.h wchar.h wctype.h aio.h alloca.h arpa/inet.h cpio.h dirent.h dlfcn.h
    endian.h execinfo.h fcntl.h features.h fnmatch.h ftw.h getopt.h glob.h grp.h iconv.h ifaddrs.h langinfo.h libgen.h
    malloc.h memory.h mntent.h monetary.h mqueue.h ndbm.h net/if.h netdb.h netinet/in.h netinet/tcp.h nl_types.h poll.h
    pthread.h pwd.h regex.h sched.h search.h semaphore.h spawn.h strings.h stropts.h sys/epoll.h sys/event.h sys/file.h
    sys/ioctl.h sys/ipc.h sys/mman.h sys/msg.h sys/param.h sys/prctl.h sys/resource.h sys/select.h sys/sem.h
    sys/sendfile.h sys/shm.h sys/socket.h sys/stat.h sys/statvfs.h sys/syscall.h sys/sysctl.h sys/time.h sys/times.h
    sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/wait.h syslog.h tar.h termios.h trace.h ulimit.h unistd.h utime.h
    utmpx.h wordexp.h windows.h winsock2.h ws2tcpip.h io.h process.h direct.h conio.h tchar.h intrin.h immintrin.h
    emmintrin.h xmmintrin.h arm_neon.h x86intrin.h cpuid.h byteswap.h
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono
    cinttypes ciso646 climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp
    csignal cstdalign cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctgmath ctime cuchar cwchar cwctype
    deque exception execution expected filesystem format forward_list fstream functional future generator
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map mdspan memory
    memory_resource mutex new numbers numeric optional ostream print queue random ranges ratio regex
    scoped_allocator semaphore set shared_mutex source_location span spanstream sstream stack stacktrace stdexcept
    stdfloat stop_token streambuf string string_view strstream syncstream system_error thread tuple type_traits
    typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    """.split()
)
