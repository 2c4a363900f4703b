#include "client/command_help.h"

namespace weir::cli {

const char kApplicationHelp[] =
    R"(Usage: weir application -submit [options] [--] COMMAND [ARGUMENT...]
       weir application -list [-appStates STATE,...|ALL] [-o json]
       weir application -status ID [-o json]
       weir application -kill ID...
       weir application -movetoqueue ID -queue QUEUE  (or -appId ID -changeQueue QUEUE)
       weir application -appId ID -updatePriority N
       weir application -appId ID -updateLifetime TIME
       weir application -explain ID [-o json]

Runs a command in containers, lists applications, shows one, ends some; moves one into another
queue, changes its priority or when it is ended; explains why it waits, with the numbers of every
limit and what would unblock it.

Submit options:
  -name NAME          name of the application (default: the command's)
  -queue QUEUE        queue (default: root.default)
  -containers N       how many containers run the command (default 1)
  -memory MB          memory of each: 512, 512m, 2g (default 1024)
  -vcores N           virtual cores of each (default 1)
  -file FILE[#NAME]   ship FILE into the directory of every container (repeatable)
  -file URI[#NAME]    have the nodes fetch it: file:/PATH (the same on all nodes), http(s)://...,
                      (s)webhdfs://HOST:PORT/PATH; refused there if it has changed meanwhile
  -archive FILE|URI[#NAME]
                      the same, unpacked into a directory NAME: tar, tar.gz, tar.xz, tar.zst, zip,
                      jar (repeatable)
  -priority N         higher goes first (default 0)
  -queue-timeout TIME fail if nothing could be placed by then: 30, 5m (default: wait)
  -label LABEL        nodes with that label (default: the queue's)
  -amLabel LABEL      the same for the ApplicationMaster alone
  -lifetime TIME      killed after that: 90, 30m, 2h (default: the queue's)
  -maxAttempts N      start its ApplicationMaster N times at most when it fails; 0 = as often as
                      the ResourceManager allows (default 1)
  -attemptFailuresValidity TIME
                      failures longer ago do not count: 10m, 2h (default: all count)
  -gang               all containers at once or none
  -spread nodes|racks each container on the next node or rack
  -maxPerNode N       at most N of the containers on one node
  -keepOnLeaseEnd     a node that is cut off from the ResourceManager keeps the containers running
                      (default: it stops them, before others can take their place)
  -resources NAME=N   of a named resource for each container: yarn.io/gpu=1 (repeatable)
  -retries N          start a failed container again in its place, N times at most;
                      -1 = always (default 0)
  -retryInterval TIME from a failure to the next start: 5, 500ms, 1m (default 1)
  -retryOn CODES      only after these exit codes: 1,75,137 (default: any failure)
  -wait               wait for the end; the exit code is 0 only if it succeeded

Each container runs COMMAND with WEIR_CONTAINER_INDEX from 0 to N-1.

Examples:
  weir application -submit -containers 2 -wait -- /bin/echo hello
  weir application -submit -file ./work.sh -memory 2g -- /bin/sh work.sh
  weir application -submit -archive model.tar.gz#model -- /bin/ls model
  weir application -submit -file https://example.org/data/a.csv -- /usr/bin/wc -l a.csv
  weir application -submit -queue root.etl -gang -containers 4 -spread nodes -- ./worker
  weir application -submit -retries 5 -retryInterval 10 -retryOn 75 -- ./feed
  weir application -list -appStates ALL
  weir application -explain application_1763694000000_0001
)";

const char kContainerHelp[] =
    R"(Usage: weir container -list APPLICATION|ATTEMPT [-o json]
       weir container -status CONTAINER [-o json]
       weir container -resize CONTAINER [-memory MB] [-vcores N] [-o json]
       weir container -signal CONTAINER [OUTPUT_THREAD_DUMP|GRACEFUL_SHUTDOWN|FORCEFUL_SHUTDOWN]

Lists the containers of an application or of one of its attempts, or shows one of them; gives a
running one another size, or sends it a signal.
  -resize   another size from now on, without a restart: 512, 512m, 2g. What it is to have more must
            be free on its node, and within the limits of its queue and its user; what it has less
            is free at once. Refused when it uses more memory than it is to have. Waits until its
            node has changed the limits
  -signal   OUTPUT_THREAD_DUMP (the default): SIGQUIT to its main process alone, which may write
                down what its threads do; see it with weir logs. A program that has nothing to say
                to SIGQUIT dies of it
            GRACEFUL_SHUTDOWN: SIGTERM to all its processes, however long they then take; exit code
                143
            FORCEFUL_SHUTDOWN: SIGKILL to all its processes; exit code 137
  Both are for the application's user and for administrators. What becomes of an application when
  one of its containers is shut down is the matter of its ApplicationMaster.

Examples:
  weir container -list application_1763694000000_0001
  weir container -status container_e01_1763694000000_0001_01_000002
  weir container -resize container_e01_1763694000000_0001_01_000002 -memory 2g
  weir container -signal container_e01_1763694000000_0001_01_000002 GRACEFUL_SHUTDOWN
)";

const char kNodeHelp[] =
    R"(Usage: weir node -list [-all | -states STATE,...] [-o json]
       weir node -list -showDetails [-all | -states STATE,...]
       weir node -status NODE [-o json]
       weir node -drain NODE [-timeout TIME | -undo]

Lists NodeManagers (RUNNING ones unless told otherwise), or shows one by host:port or uuid.
  -drain NODE    decommission it (host, host:port or uuid): no new containers; those that run may
                 end until TIME is over (30, 90s, 10m, -1 = never; default: the ResourceManager's),
                 then they are stopped. Its NodeManager is refused until -undo takes the node back.
                 For administrators, where the ResourceManager runs

Examples:
  weir node -list
  weir node -list -all -o json
  weir node -drain 127.0.0.1:45454 -timeout 10m
)";

const char kLogsHelp[] =
    R"(Usage: weir logs -applicationId ID [SELECTION] [-size BYTES] [-out DIRECTORY]
       weir logs -applicationId ID [SELECTION] --follow
       weir logs -applicationId ID -show_container_log_info [-o json]
       weir logs -applicationId ID -list_nodes

Prints what the containers of an application wrote: of running ones from their nodes, of ended ones
from there or from the shared directory in which logs are collected.
  -applicationId ID          or -applicationAttemptId ID, or -containerId ID
  -am N,...                  only ApplicationMasters, of these attempts; -1 = the last one, or ALL
  --role ROLE                only containers with this role: am, taskmanager, command
  -nodeAddress HOST:PORT     only containers of this node
  -appOwner USER             only what is collected for this user (default: whoever's)
  -log_files NAMES           only these files, separated by commas (default: all)
  -log_files_pattern REGEX   only files whose names it matches somewhere
  -size BYTES                only so many bytes of each; negative: the last ones
  -size_limit_mb MB          refuse to print more than this in all (default 10240; -1 = any)
  -out DIRECTORY             write DIRECTORY/<container>/<file> instead
  --follow                   print what is written from now on too, until the containers have ended;
                             with -size -N from the last N bytes; Ctrl-C ends it (exit code 130)
  -show_container_log_info   only which files there are
  -list_nodes                only which nodes have, or had, containers of it

Examples:
  weir logs -applicationId application_1763694000000_0001
  weir logs -applicationId ID -containerId CONTAINER -log_files stdout -size -4096
  weir logs -applicationId ID --role taskmanager --follow -size -1000
)";

const char kSessionHelp[] =
    R"(Usage: weir session start [-jm MB] [-tm MB] [-s SLOTS] [-n COUNT] [-nm NAME] [-qu QUEUE]
                          [-priority N] [-label LABEL] [-amLabel LABEL] [-lifetime TIME]
                          [-keepOnLeaseEnd] [-D key=value]... [-d]
       weir session list [-o json]
       weir session stop [ID]

A session cluster: one JobManager that runs many jobs; TaskManagers come as jobs need them.
  -jm MB     memory of the JobManager (default 1024)
  -tm MB     memory of each TaskManager (default 1024)
  -s SLOTS   slots of each TaskManager (default 1)
  -n COUNT   TaskManagers kept even when idle (default 0)
  -nm NAME   name (default: Weir session cluster)
  -qu QUEUE  queue
  -priority, -label, -amLabel, -lifetime, -keepOnLeaseEnd  as for 'weir application -submit'
  -d         detached: return when the JobManager runs (otherwise stay until it ends)
  -D yarn.application-attempts=N, -D yarn.application-attempt-failures-validity-interval=MS
             start the JobManager N times at most (default 1); failures longer ago than MS do not
             count (default -1: all do)

Examples:
  weir session start -d -tm 2g -s 2
  weir session stop
)";

const char kRunHelp[] =
    R"(Usage: weir run [-t session|per-job|application] [-id SESSION] [-p PARALLELISM] [-d]
                [--queue-timeout TIME] [-jm MB] [-tm MB] [-s SLOTS] [-nm NAME] [-qu QUEUE]
                [-D key=value]... JOB.so [ARGUMENT...]

Runs a stream job: a shared library built with the DataStream API (stream/api/data_stream.h).
  -t TARGET             session (default): in the running session; per-job: in a cluster of its own;
                        application: as per-job, with the program's main run in the cluster
  -id SESSION           which session, when several run
  -p PARALLELISM        default parallelism of the job (default 1)
  -d                    detached: return when the job is accepted
  --queue-timeout TIME  fail if the job has no containers or slots by then: 30, 5m
  -jm, -tm, -s, -nm, -qu, -priority, -label, -amLabel, -lifetime,
  -keepOnLeaseEnd       as for 'weir session start' (per-job and application)

Progress goes to standard error. The exit code is 0 when the job FINISHED, 8 when it did not.

Examples:
  weir run -p 2 build/examples/word_count.so --input /tmp/book.txt --output /tmp/counts
  weir run -t per-job -p 4 -tm 2g build/examples/word_count.so --input DIR --output OUT
)";

const char kJobHelp[] =
    R"(Usage: weir job list [-id SESSION] [-o json]
       weir job status JOB [-id SESSION] [-o json]
       weir job cancel JOB [-id SESSION] [-d]

Shows and cancels the jobs of running stream clusters (all of yours, or the one named with -id).
'cancel' returns when the job has ended, at most after 60 s; with -d (detached) as soon as the
cancellation is under way. A job that has ended otherwise is not cancelled: exit code 6.

Examples:
  weir job list
  weir job cancel 5f2b9c0d6a1e4f3b8c7d9e0a1b2c3d4e
)";

const char kQueueHelp[] =
    R"(Usage: weir queue -list [QUEUE|all] [-o json]
       weir queue -status QUEUE [-o json]
       weir queue -plan FILE [-o json]
       weir queue -apply FILE [--if-version N]
       weir queue -history [-o json]
       weir queue -rollback VERSION [--if-version N]

Lists queues or one and what is below it, shows one with its users and limits; all but these two are
for administrators. QUEUE is a path (root.a.b) or the name of one queue.
  -plan FILE       what applying FILE, a capacity-scheduler.xml, would change: which queues, and which
                   applications would wait, start, be preempted or go over a limit; nothing is changed.
                   The exit code is 2 if the file is faulty, 6 if it would be refused
  -apply FILE      apply it: all of it, or nothing and every fault
  -history         the versions that were in force, the newest first
  -rollback N      apply version N again
  --if-version N   only if version N is in force; else nothing changes and the exit code is 6

The version in force is kept by the ResourceManager and wins over its file after a restart; 'weir
rmadmin -refreshQueues' reads the file again.

Examples:
  weir queue -list
  weir queue -status root.etl
  weir queue -plan new-queues.xml && weir queue -apply new-queues.xml --if-version 3
)";

const char kRmHelp[] =
    R"(Usage: weir rm store dump [-o json [-showSecrets]]
       weir rm store verify [-o json]
       weir rm store load FILE
       weir rm store format -yes

The state store that the configuration names, without a ResourceManager. A store on disk must be in
nobody's use; one in ZooKeeper is read at any time.

  dump      every record: its key and what it is. Nothing secret is shown; -showSecrets adds every
            record's bytes, with TOKEN KEYS and the SECRETS of applications: that is what load takes
  verify    reads everything and says what is there and what is damaged; changes nothing. The exit
            code is 1 when something is
  load      writes the records of a dump into an empty store, such as one of another kind
  format    removes everything. Refused while a ResourceManager has the store open; with high
            availability while any of them runs or leads. Run it where the ResourceManagers are

Examples:
  weir rm store verify
  (umask 077; weir rm store dump -o json -showSecrets >store.json)
  weir rm store load store.json -D yarn.resourcemanager.store.class=filesystem
)";

const char kSecurityHelp[] =
    R"(Usage: weir security init [-dir DIR] [-cluster ID] [-days N]
       weir security issue [-dir DIR] -role ROLE -name NAME [-host HOST]... [-days N] [-out FILE]
       weir security renew [-dir DIR] FILE [-host HOST]... [-days N]
       weir security show FILE [-o json]

A certificate authority of the cluster's own, for those who have none. It is two files in DIR
(<weir.work.dir>/authority): ca.key, which whoever has it can be anybody, and ca.crt, which all
machines need.

  init     makes the authority, for 3650 days
  issue    makes a credential, for 90 days: one file with a new private key and its certificate,
           ROLE-NAME.pem. Roles are rm, nm and am, which need the hosts under which they serve (names
           or addresses), and user, whose name is the account
  renew    the same with a new key, for the same hosts and as many days. The file is replaced whole
           and stays its owner's
  show     whose a credential is, for which hosts and until when. Keys are never shown

Examples:
  weir security init -dir /root/weir-authority -cluster prod
  weir security issue -dir /root/weir-authority -role rm -name rm1 -host rm1.example.org -host 10.0.0.5
  weir security issue -dir /root/weir-authority -role user -name ann -days 7
  weir security renew -dir /root/weir-authority rm-rm1.pem
)";

const char kRmadminHelp[] =
    R"text(Usage: weir rmadmin -refreshQueues
       weir rmadmin -refreshNodes [-g [SECONDS] [-client|-server]]
       weir rmadmin -updateNodeResource NODE MEMORY-MB VCORES [TIMEOUT]
       weir rmadmin -updateNodeResource NODE memory-mb=AMOUNT,vcores=N,NAME=AMOUNT [TIMEOUT]
       weir rmadmin -updateNodeResource NODE default
       weir rmadmin -addToClusterNodeLabels "LABEL(exclusive=true),LABEL(exclusive=false)"
       weir rmadmin -removeFromClusterNodeLabels LABEL,LABEL
       weir rmadmin -replaceLabelsOnNode "NODE=LABEL NODE=LABEL"
       weir rmadmin -rollTokenKeys [-o json]
       weir rmadmin -getServiceState ID | -getAllServiceState | -checkHealth ID
       weir rmadmin -failover FROM TO
       weir rmadmin -transitionToActive [--forceactive] [--forcemanual] ID
       weir rmadmin -transitionToStandby [--forcemanual] ID

Administers the ResourceManager on this machine. Says nothing when all went well.
  -refreshQueues       read capacity-scheduler.xml of the ResourceManager again and apply it: all of
                       it, or nothing and every fault
  -refreshNodes        read the include and exclude files again: newly excluded nodes are
                       decommissioned at once, or with -g once their containers have ended, at the
                       latest after SECONDS (-1 = never); nodes no longer excluded are taken back.
                       -client waits for it and prints who is left, -server (the default) does not
  -updateNodeResource  what NODE (host, host:port or id) offers from now on, whatever its NodeManager
                       says; 'default' goes back to that. Containers beyond it are preempted after
                       TIMEOUT (30000 ms, 30s; default -1: they may run to their end)
  -replaceLabelsOnNode "NODE=" takes the label off; a node has one at most
  -rollTokenKeys       replace the key that signs tokens now, as is done by itself every
                       yarn.resourcemanager.am-rm-tokens.master-key-rolling-interval-secs; says when
                       the next one signs. Tokens of the key before are good until the roll after
                       that: after a leak say it twice, the second time when the first is done

Of several ResourceManagers, with ids as in yarn.resourcemanager.ha.rm-ids:
  -getServiceState     'active' or 'standby'; -getAllServiceState says it of all
  -checkHealth         says nothing when it is well
  -failover            FROM makes way for TO, which is active when this returns. Nothing that runs
                       is disturbed
  -transitionToActive  without election (yarn.resourcemanager.ha.automatic-failover.enabled=false):
                       makes it active, unless another one is; with --forceactive that one is shut
                       out. With election only with --forcemanual: it takes part again
  -transitionToStandby the reverse; with election only with --forcemanual: it takes part in none
                       until it is told to or started again

Examples:
  weir rmadmin -refreshQueues
  weir rmadmin -getAllServiceState
  weir rmadmin -failover rm1 rm2
  weir rmadmin -updateNodeResource 127.0.0.1:45454 16384 8 60s
  weir rmadmin -addToClusterNodeLabels "gpu(exclusive=true)"
  weir rmadmin -replaceLabelsOnNode "node7=gpu node8=gpu"
)text";

const char kClusterHelp[] =
    R"(Usage: weir cluster --list-node-labels [-o json]

Lists the node labels of the cluster.

Example:
  weir cluster -lnl
)";

}  // namespace weir::cli
