"""Reserved words of Ruby, what its runtime defines without a require, and methods of its everyday classes."""

KEYWORDS = frozenset(
    "__ENCODING__ __LINE__ __FILE__ BEGIN END alias and begin break case class def defined? do else elsif end ensure "
    "false for if in module next nil not or redo rescue retry return self super then true undef unless until when "
    "while yield".split()
)
BUILTINS = frozenset(
    """
    ARGF ARGV ArgumentError Array Base64 BasicObject Benchmark BigDecimal Bignum Binding Bundler CROSS_COMPILING
    CSV Class ClosedQueueError Comparable Complex ConditionVariable Date DateTime Delegator Digest Dir ENV
    EOFError ERB Encoding EncodingError Enumerable Enumerator Errno Etc Exception FalseClass Fiber FiberError
    File FileTest FileUtils Find Fixnum Float FloatDomainError Forwardable FrozenError GC Gem Hash IO IOError
    IndexError Integer Interrupt JSON Kernel KeyError LoadError LocalJumpError Logger Marshal MatchData Math
    Method Minitest Module Monitor MonitorMixin Mutex NameError Net NilClass NoMatchingPatternError
    NoMatchingPatternKeyError NoMemoryError NoMethodError NotImplementedError Numeric Object ObjectSpace
    Observable Open3 OpenSSL OpenStruct OptionParser PP Pathname Proc Process Psych Queue RSpec
    RUBYGEMS_ACTIVATION_MONITOR RUBY_COPYRIGHT RUBY_DESCRIPTION RUBY_ENGINE RUBY_ENGINE_VERSION RUBY_PATCHLEVEL
    RUBY_PLATFORM RUBY_RELEASE_DATE RUBY_REVISION RUBY_VERSION Ractor Rake Random Range RangeError Rational
    RbConfig Refinement Regexp RegexpError Ripper RubyVM RuntimeError STDERR STDIN STDOUT ScriptError
    SecureRandom SecurityError Set Shellwords Signal SignalException SimpleDelegator Singleton SizedQueue Socket
    StandardError StopIteration String StringIO StringScanner Struct Symbol SyntaxError SystemCallError
    SystemExit SystemStackError TCPServer TCPSocket TOPLEVEL_BINDING Tempfile Thread ThreadError ThreadGroup
    Time Timeout TracePoint TrueClass TypeError UNIXSocket URI UnboundMethod UncaughtThrowError Warning WeakRef
    YAML ZeroDivisionError Zlib __callee__ __dir__ __method__ abort alias_method ancestors append_features
    at_exit attr attr_accessor attr_reader attr_writer autoload autoload? binding block_given? caller
    caller_locations catch class class_eval class_exec class_variable_defined? class_variable_get
    class_variable_set class_variables clone const_defined? const_get const_missing const_set
    const_source_location constants define_method define_singleton_method deprecate_constant display dup
    enum_for eql? eval exec exit exit! extend extend_object extended fail fork format freeze frozen? gem
    gem_original_require gets global_variables hash include include? included included_modules initialize
    initialize_clone initialize_copy initialize_dup inspect instance_method instance_methods instance_of?
    instance_variable_defined? instance_variable_get instance_variable_set instance_variables is_a? iterator?
    itself kind_of? lambda load local_variables loop method method_added method_defined? method_missing
    method_removed method_undefined methods module_eval module_exec module_function name nil? object_id open p
    pp prepend prepend_features prepended print printf private private_class_method private_constant
    private_instance_methods private_method_defined? private_methods proc protected protected_instance_methods
    protected_method_defined? protected_methods public public_class_method public_constant
    public_instance_method public_instance_methods public_method public_method_defined? public_methods
    public_send putc puts raise rand readline readlines refine remove_class_variable remove_const
    remove_instance_variable remove_method require require_relative respond_to? respond_to_missing?
    ruby2_keywords select send set_trace_func singleton_class singleton_class? singleton_method
    singleton_method_added singleton_method_removed singleton_method_undefined singleton_methods sleep spawn
    sprintf srand syscall system taint tainted? tap test then throw to_enum to_s trace_var trap trust
    undef_method untaint untrace_var untrust untrusted? using warn yield_self
    """.split()
)
MEMBERS = frozenset(
    """
    __id__ __send__ _httpdate _iso8601 _jisx0301 _load _parse _rfc2822 _rfc3339 _rfc822 _strptime _xmlschema
    abort_on_exception abs abs2 absolute? absolute_path absolute_path? accept accept_loop accept_nonblock add
    add? add_trace_func advise ajd alias_method alive? all? all_symbols allbits? allocate amjd ancestors angle
    any? anybits? append arg arity ascend ascii_only? asctime assoc at atime attr attr_accessor attr_reader
    attr_writer autoclose? autoload autoload? b backtrace backtrace_locations basename begin between? bind
    binding binmode binmode? binread binwrite birthtime bit_length blockdev? blocking? bsearch bsearch_index
    bytes bytesize byteslice call capitalize capitalize! captures casecmp casecmp? casefold? cause ceil center
    chain chardev? chars chdir children chmod chomp chomp! chop chop! chown chr chroot chunk chunk_while civil
    clamp class class_eval class_exec class_variable_defined? class_variable_get class_variable_set
    class_variables classify cleanpath clear clone close close_on_exec? close_read close_write closed?
    closed_read? closed_write? codepoints coerce collect collect! collect_concat combination commercial compact
    compact! compare_by_identity compare_by_identity? compile concat conj conjugate connect connect_address
    connect_nonblock const_defined? const_get const_missing const_set const_source_location constants
    copy_stream count cover? crypt ctime current current_scheduler curry cwday cweek cwyear cycle
    datetime_format day day_fraction debug debug! debug? deconstruct deconstruct_keys default default_proc
    define_method define_singleton_method delete delete! delete? delete_at delete_if delete_prefix
    delete_prefix! delete_suffix delete_suffix! denominator deprecate_constant deq descend detect difference dig
    digits directory? dirname disjoint? display div divide divmod do_not_reverse_lookup downcase downcase!
    downto drop drop_while dst? dump dup each each_byte each_char each_child each_codepoint each_cons each_entry
    each_filename each_grapheme_cluster each_index each_key each_line each_pair each_slice each_value
    each_with_index each_with_object eager empty? encode encode! encoding end end_with? england enq entries
    enum_for eof eof? eql? equal? error error! error? escape even? except exception exclude_end? executable?
    executable_real? exist? exists? exit expand_path extend external_encoding extname fatal fatal! fatal? fcntl
    fdatasync fdiv feed fetch fetch_values file? fileno fill filter filter! filter_map find find_all find_index
    finite? first fixed_encoding? flat_map flatten flatten! flatten_merge flock floor flush fnmatch fnmatch?
    for_fd force force_encoding foreach fork formatter freeze friday? frozen? fsync ftype full_message gcd
    gcdlcm getaddrinfo getbyte getc getgm gethostbyaddr gethostbyname gethostname getifaddrs getlocal
    getnameinfo getpeereid getpeername gets getservbyname getservbyport getsockname getsockopt getutc getwd glob
    gm gmt? gmt_offset gmtime gmtoff grapheme_clusters gregorian gregorian? gregorian_leap? grep grep_v group
    group_by grpowned? gsub gsub! handle_interrupt has_key? has_value? hash hex home hour httpdate i id2name
    identical? ignore_deadlock imag imaginary include include? included_modules index infinite? info info! info?
    inject insert inspect instance_eval instance_exec instance_method instance_methods instance_of?
    instance_variable_defined? instance_variable_get instance_variable_set instance_variables integer? intern
    internal_encoding intersect? intersection invert ioctl ip_address_list ipv6only! is_a? isatty isdst iso8601
    italy itself jd jisx0301 join julian julian? julian_leap? keep_if key key? keys kill kind_of? lambda? last
    last_match lazy lchmod lchown lcm ld leap? length level lineno lines link list listen ljust local
    local_address localtime lock locked? log lstat lstrip lstrip! lutime magnitude main make_link make_symlink
    map map! marshal_dump marshal_load match match? match_length max max_by mday member? members merge merge!
    message method method_defined? methods min min_by minmax minmax_by minute mjd mkdir mkfifo mkpath mktime
    module_eval module_exec modulo mon monday? month mountpoint? mtime name named_captures names nan?
    native_thread_id negative? nesting new new_offset new_seed new_start next next! next_day next_float
    next_month next_values next_year nil? nobits? none? nonzero? now nread nsec num_waiting numerator object_id
    oct odd? offset one? open opendir options ord ordinal original_name owned? owner pack pack_sockaddr_in
    pack_sockaddr_un pair parameters parent parse partition pass path peek peek_values pending_interrupt?
    permutation phase pid pipe pipe? polar pop popen pos positive? post_match pow pre_match pread pred prepend
    pretty_print pretty_print_cycle prev_day prev_float prev_month prev_year print printf priority private?
    private_class_method private_constant private_instance_methods private_method_defined? private_methods
    produce product progname proper_subset? proper_superset? protected? protected_instance_methods
    protected_method_defined? protected_methods public? public_class_method public_constant
    public_instance_method public_instance_methods public_method public_method_defined? public_methods
    public_send push putc puts pwd pwrite quo quote raise rand random_number rassoc rationalize read
    read_nonblock readable? readable_real? readbyte readchar readline readlines readlink readpartial ready? real
    real? realdirpath realpath receiver rect rectangular recv recv_nonblock recvfrom recvfrom_nonblock recvmsg
    recvmsg_nonblock reduce regexp rehash reject reject! relative? relative_path_from remainder remote_address
    remove_class_variable remove_instance_variable remove_method rename reopen repeated_combination
    repeated_permutation replace report_on_exception reset respond_to? resume reverse reverse! reverse_each
    rewind rfc2822 rfc3339 rfc822 rindex rjust rmdir rmtree root? rotate rotate! round rpartition rstrip rstrip!
    ruby2_keywords ruby2_keywords_hash ruby2_keywords_hash? run sample saturday? scan schedule scheduler scrub
    scrub! sec sec_fraction second second_fraction seed seek select select! send sendmsg sendmsg_nonblock
    set_backtrace set_encoding set_encoding_by_bom set_scheduler set_trace_func setbyte setgid? setsockopt
    setuid? sev_threshold shift shuffle shuffle! shutdown singleton_class singleton_class? singleton_method
    singleton_method_added singleton_methods size size? sleep slice slice! slice_after slice_before slice_when
    sockaddr_in sockaddr_un socket? socketpair sort sort! sort_by sort_by! source source_location split sqrt
    squeeze squeeze! srand start start_with? stat status step sticky? stop stop? store strftime string strip
    strip! strptime sub sub! sub_ext subclasses subsec subset? subtract succ succ! sum sunday? super_method
    superclass superset? swapcase swapcase! symlink symlink? sync synchronize sysaccept sysopen sysread sysseek
    syswrite taint tainted? take take_while tally tap tcp tcp_server_loop tcp_server_sockets tell terminate then
    thread_variable? thread_variable_get thread_variable_set thread_variables thursday? times to_a to_ary to_c
    to_date to_datetime to_enum to_f to_h to_hash to_i to_int to_io to_path to_proc to_r to_s to_set to_str
    to_sym to_time to_tty? today tr tr! tr_s tr_s! transfer transform_keys transform_keys! transform_values
    transform_values! transpose truncate trust try_convert try_lock tty? tuesday? tv_nsec tv_sec tv_usec
    udp_server_loop udp_server_loop_on udp_server_recv udp_server_sockets umask unbind undef_method undump
    ungetbyte ungetc unicode_normalize unicode_normalize! unicode_normalized? union uniq uniq! unix
    unix_server_loop unix_server_socket unknown unlink unlock unpack unpack1 unpack_sockaddr_in
    unpack_sockaddr_un unshift untaint untrust untrusted? upcase upcase! update upto urandom usec used_modules
    utc utc? utc_offset utime valid_civil? valid_commercial? valid_date? valid_encoding? valid_jd?
    valid_ordinal? value value? values values_at wait wait_priority wait_readable wait_writable wakeup warn
    warn! warn? wday wednesday? with_index with_object world_readable? world_writable? writable? writable_real?
    write write_nonblock xmlschema yday year yield yield_self zero? zip zone
    """.split()
)
"""Methods of everyday objects: `x.each` of an unknown `x` is most likely one of these."""
