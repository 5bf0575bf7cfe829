/** The kinds of task that a prompt is told apart into. `code:` and `writing:` have kinds of their own. */
export const TASK_TYPES = [
  'code:debugging', 'code:review', 'code:refactoring', 'code:testing', 'code:explanation', 'code:sql', 'code:devops', 'code:generation',
  'translation', 'summarization', 'extraction', 'classification', 'roleplay',
  'writing:editing', 'writing:email', 'writing:creative', 'writing:marketing', 'writing:article',
  'education', 'planning', 'brainstorming', 'data_analysis', 'customer_support', 'legal', 'medical', 'finance',
  'logic', 'math', 'science', 'question_answering', 'conversation',
] as const
export type TaskType = (typeof TASK_TYPES)[number]

/** What a rule finds out besides a type: whether there is code, a text to work on, a quantity to compute. */
export type Context = 'code' | 'text' | 'numbers'

/**
 * One line of the table. `terms` are words or phrases of up to three words, lower case, parted by commas; `^` before a term
 * wants it among the first six words; `<…>` is a sign of form (task-form.ts). The rule counts once, however many are there.
 */
export interface TaskRule {
  readonly says: TaskType | Context
  readonly weight: number
  readonly terms: string
  /** Counts only beside this context, or only without it. */
  readonly beside?: Context
  readonly without?: Context
}

const LANGUAGES = 'english, german, french, spanish, italian, portuguese, dutch, japanese, chinese, mandarin, korean, russian, arabic, hindi, turkish, polish, swedish, englische, deutsche, français, español, inglés, anglais'

/** From what is said to what is wanted. Where two types end equal, the one that stands first in TASK_TYPES wins. */
export const TASK_RULES: readonly TaskRule[] = [
  // Contexts.
  { says: 'code', weight: 2, terms: '<fence>, <trace>, <diff>, <inline>, <symbols>' },
  { says: 'code', weight: 2, terms: 'python, javascript, typescript, java, kotlin, swift, golang, rust, php, ruby, scala, perl, haskell, elixir, solidity, bash, powershell, react, vue, angular, svelte, django, flask, fastapi, rails, laravel, node, nodejs, jquery, html, css, regex, pytest, jest, junit, mocha, playwright, cypress, npm, pip, cargo, git, api, sdk, cli, json, xml, yaml, useeffect, usestate, async, await, pandas, numpy, matplotlib, quicksort, mergesort, leetcode' },
  { says: 'code', weight: 2, terms: 'code, function, functions, class, method, script, snippet, algorithm, compiler, compile, codebase, repository, pull request, variable, array, linked list, hash map, binary tree, recursion, unit tests, unit test, test cases, implementation, one liner, abstract class, stack overflow, web app, component, program, data structure, bot, scraper, cache, serializer, parser' },
  { says: 'text', weight: 1, terms: 'text, paragraph, sentence, passage, article, document, transcript, message, review, comment, email, essay, chapter, notes, abstract, paper, thread, invoice, resume, cv, below, following, this email, this text, letter, post, tweet, story, speech, report' },
  { says: 'numbers', weight: 1, terms: '<digits>' },

  { says: 'code:debugging', weight: 4, terms: '<trace>, traceback, stack trace, stacktrace, typeerror, keyerror, valueerror, nullpointerexception, segfault, segmentation fault, undefined is not, cannot read properties, npm err, syntaxerror, syntax error, compile error, compiler error, deadlocks, infinite loop, exception' },
  { says: 'code:debugging', weight: 3, beside: 'code', terms: 'bug, bugs, debug, debugging, error, errors, crash, crashes, crashing, fails, failing, fix, broken, wrong, doesn t work, isn t working, not working, does not work, why do i, why does this, unexpected, throws, leak, hangs, stuck' },
  { says: 'code:review', weight: 4, beside: 'code', terms: '^review, code review, pull request, audit, criticise, criticize, feedback, vulnerabilities, vulnerability, best practices, thread safe, gets merged, code quality, security issues, reentrancy, code smells' },
  { says: 'code:review', weight: 3, terms: '<diff>, code review, pull request' },
  { says: 'code:refactoring', weight: 4, beside: 'code', terms: 'refactor, refactoring, cleaner, more readable, readable, clean up, simplify, deduplicate, remove duplication, modernize, optimize, optimise, ^port, more efficient' },
  { says: 'code:refactoring', weight: 4, beside: 'code', terms: '^convert, ^rewrite, ^migrate, ^translate this, ^change' },
  { says: 'code:testing', weight: 5, beside: 'code', terms: 'unit test, unit tests, test cases, test case, integration tests, integration test, end to end, e2e, test coverage, coverage, mock, mocking, property based, tests for, pytest, jest, junit, mocha, vitest, playwright, cypress, write tests, add tests' },
  { says: 'code:testing', weight: 5, terms: 'unit test, unit tests, integration tests, property based tests, test coverage' },
  { says: 'code:explanation', weight: 4, beside: 'code', terms: 'what does, ^explain, explain what, explain how, explain this, walk me through, line by line, how does, what is the, what s the, under the hood, don t understand, it s doing, what is it, meaning of, how do, what are' },
  { says: 'code:sql', weight: 5, terms: '<sql>, sql, postgresql, postgres, mysql, sqlite, mariadb, left join, inner join, outer join, upsert, database schema, sql query, stored procedure, foreign key, primary key, select from, group by, bigquery, snowflake query' },
  { says: 'code:sql', weight: 3, terms: 'query, tables, database, schema, joins, join, index' },
  { says: 'code:devops', weight: 5, terms: 'dockerfile, docker, kubernetes, k8s, helm, terraform, ansible, nginx, apache, github actions, gitlab ci, ci cd, jenkins, crashloopbackoff, pod, kubectl, systemd, ubuntu, debian, linux, aws, azure, gcp, ec2, s3, reverse proxy, load balancer, vpc, ssh, cron, prometheus, grafana, iptables, deploys, devops' },
  { says: 'code:generation', weight: 3, beside: 'code', terms: '^write, ^implement, ^create, ^build, ^make, ^generate, ^code, ^develop, ^give me, i need, ^add, can you build, can you write, can you create, could you write, how do i, how can i, write me, ^schreibe, ^escribe, ^écris' },
  { says: 'code:generation', weight: 1, terms: '<fence>, python function, react component, typescript, regex, in python, in javascript, in rust, in go, in java' },

  { says: 'translation', weight: 6, terms: '^translate, translate to, translate this, translate the, translation of, do you say, how to say, übersetze, übersetzen, traduce, traducir, traduis, traduire, traduza, traduci, 翻译, 翻譯, 翻訳, переведи' },
  { says: 'translation', weight: 2, terms: 'translate, mean in english, version of, in german, in french, in spanish, in japanese, in chinese, in italian, into english, into german, into french, into spanish, from english, from spanish, from french, from german, to english, to french, to german, to spanish' },
  { says: 'translation', weight: 2, terms: 'french version, german version, spanish version, english version, mean in english, mean in german' },
  { says: 'translation', weight: 1, terms: LANGUAGES },
  { says: 'summarization', weight: 6, terms: 'summarize, summarise, summary, summarizing, summarising, tl dr, tldr, key takeaways, takeaways, condense, main points, key points, recap, in a nutshell, zusammenfassung, fasse, resume este, résume, 总结, 要約' },
  { says: 'extraction', weight: 5, terms: '^extract, extract all, extract the, pull out, ^parse, structured json, return them as, as json, into json, all email addresses, list every, list all the, every date, named entities, find all' },
  { says: 'extraction', weight: 3, beside: 'text', terms: 'extract, get the, invoice, phone numbers, with the fields, fields, parse, resume, json, mentioned, below and return' },
  { says: 'extraction', weight: 2, terms: 'the following address, the following document, into street, city and zip' },
  { says: 'classification', weight: 6, terms: '^classify, classify the, classify this, ^categorize, ^categorise, ^label, sentiment, spam, hate speech, toxicity, positive negative, one of the, into categories, yes or no, true or false, which category, topic of this, from 1 to' },
  { says: 'classification', weight: 2, terms: 'categories, category, one word, label, labels, neutral, answer with' },
  { says: 'roleplay', weight: 6, terms: '<action>, pretend you, pretend to be, roleplay, role play, in character, act as my, dungeon master, stay in character, you are now, your persona, you re the, let s play' },
  { says: 'roleplay', weight: 3, terms: '^you are, ^act as, ^imagine you, ^be my, pirate, wizard, elf, tavern, girlfriend, boyfriend, sherlock' },

  { says: 'writing:editing', weight: 6, without: 'code', terms: 'proofread, correct the grammar, grammar, spelling mistakes, spelling, paraphrase, rephrase, reword, sound more, more professional, more formal, more concise, friendlier tone, tone, rewrite the following, rewrite this, shorten this, without losing meaning, polish, improve this, make this sound, edit this, korrigiere, corrige' },
  { says: 'writing:editing', weight: 3, without: 'code', terms: '^rewrite, ^fix, ^shorten, ^improve, ^correct, ^edit, ^expand, ^polish' },
  { says: 'writing:email', weight: 5, without: 'code', terms: 'write an email, draft an email, email to, an email, short email, reply to this, reply to, cover letter, resignation letter, linkedin message, letter to, formal letter, thank you note, message to, write a letter, email asking' },
  { says: 'writing:email', weight: 2, terms: 'email, letter, recruiter, landlord asking, reply, decline, politely, e mail' },
  { says: 'writing:creative', weight: 6, without: 'code', terms: 'short story, a story, poem, haiku, sonnet, limerick, lyrics, song, novel, screenplay, fairy tale, villain, backstory, fan fiction, fanfiction, rap, ballad, plot twist, fantasy, gedicht, poema, poème, dialogue between, monologue, once upon' },
  { says: 'writing:marketing', weight: 6, terms: 'product description, instagram, captions, google ads, ad copy, headlines, slogan, tagline, landing page, press release, seo, marketing copy, newsletter, tweet, tweets, linkedin post, social media, sales pitch, call to action, brand voice, facebook ad, marketing campaign, advert, advertisement' },
  { says: 'writing:article', weight: 6, without: 'code', terms: 'essay, blog post, an article, thesis, word essay, write a report, blog article, argumentative, body paragraphs, op ed, white paper, introduction for, literature review, aufsatz, ensayo, dissertation, article explaining, article about' },

  { says: 'education', weight: 6, terms: 'i m five, i m 5, eli5, lesson plan, quiz, quiz me, flashcards, worksheet, be my tutor, tutor, teach me, graders, grade students, multiple choice questions, homework, simple examples, exercises, for beginners, my students, syllabus, help me understand, explain like' },
  { says: 'planning', weight: 6, terms: 'itinerary, workout schedule, workout plan, project plan, study plan, meal plan, weekly schedule, schedule, milestones, roadmap, weekend trip, day trip, should i pack, plan a, plan my, travel plan, training plan, action plan, vacation, trip to, to do list, checklist' },
  { says: 'planning', weight: 2, terms: '^plan, days in, weeks, weekly' },
  { says: 'brainstorming', weight: 5, terms: 'ideas, brainstorm, brainstorming, brainstorm names, names for, suggest topics, creative ways, what hobbies, come up with, suggestions for, gift, startup ideas, ways to, suggest names, things to do' },
  { says: 'data_analysis', weight: 6, terms: 'dataset, data set, dataframe, pandas, csv of, statistical test, regression results, r squared, p value, conversion rates, a b test, trends do you, missing values, analyze this data, analyse this data, correlation between, churn, outliers, time series, matplotlib, chart of, spreadsheet, excel, pivot table, visualize, confidence interval' },
  { says: 'customer_support', weight: 5, terms: 'my order, hasn t arrived, tracking, refund, charged twice, my subscription, cancel my, reset the password, reset my password, t log in, cannot log in, under warranty, warranty, replacement, i bought, wrong size, my account, return policy, my package, my delivery, money back, my invoice, delivery, shipping' },
  { says: 'legal', weight: 5, terms: 'evict, eviction, landlord, non disclosure, nda, indemnification, liable, liability, lawsuit, sue, statute of limitations, statute, breach of contract, breach, gdpr, copyright, trademark, patent, lawyer, attorney, custody, divorce, tort, plaintiff, defendant, court, clause, legal, legally, lease agreement, terms of service, agreement between, consent for' },
  { says: 'medical', weight: 5, terms: 'sore throat, fever, side effects, ibuprofen, paracetamol, aspirin, chest pain, diagnosis, diagnose, symptoms, symptom, blood pressure, diabetes, pregnant, pregnancy, medication, dosage, dose, see a doctor, doctor, rash, headache, patient, year old man, year old woman, antibiotics, vaccine, cholesterol, disease, surgery, insomnia, allergy, infection' },
  { says: 'finance', weight: 5, terms: 'invest, investing, index funds, mortgage, roth, ira, 401k, stock, stocks, valuation, tax, taxes, freelancer, budget, salary, interest rates, interest rate, bond, bonds, p e ratio, portfolio, etf, dividend, inflation, loan, credit card, retirement, cash flow, balance sheet, ebitda, savings account' },
  { says: 'logic', weight: 5, terms: 'riddle, puzzle, are all, argument valid, following argument, counterfeit, weighings, balance scale, must cross, cross a river, who owns, logic puzzle, knights and knaves, truth teller, logically, syllogism, premise, premises, sudoku, deduce, always lies' },
  { says: 'math', weight: 5, terms: '<equation>, integral, derivative, solve for, equation, prove that, probability, square root, irrational, polynomial, matrix, eigenvalue, theorem, factorise, factorize, logarithm, sum of, quadratic, trigonometry, calculus, prime number, geometry, hypotenuse, of two dice, two dice, % of, percent of, lim, modulo, perimeter, remainder, divisible, standard deviation' },
  { says: 'math', weight: 5, without: 'code', terms: '^simplify, ^factor' },
  { says: 'math', weight: 5, beside: 'numbers', terms: 'how many, how much, km h, altogether, in total, average, twice as, calculate, compute, each cost, per hour, mph, area of, volume of, percent' },
  { says: 'science', weight: 5, terms: 'sky blue, crispr, gene, genes, dna, rna, protein, frictionless, acceleration, velocity, momentum, kinetic, chemical equation, chemical, mitosis, meiosis, black hole, black holes, hawking, quantum, photosynthesis, atom, atoms, molecule, molecules, electron, electrons, gravity, relativity, evolution, planet, planets, galaxy, star, stars, thermodynamics, entropy, enzyme, cell membrane, cells, oxidation, magnetic, voltage, wavelength, newton s law, periodic table, reaction, climate, species, physics, chemistry, biology, radiation, incline, neurons, bacteria' },
  { says: 'question_answering', weight: 4, terms: '^who was, ^who is, ^who wrote, ^who invented, capital of, ^when did, ^when was, ^where is, ^how tall, ^how long, ^how old, ^how far, ^how big, based on the, answer the question, context below, question, ^which country, ^which countries, ^in which, ^in what year, population of, first person' },
  { says: 'question_answering', weight: 2, without: 'code', terms: '^who, ^when, ^where, ^which, ^what is, ^what are, ^what was, ^how many, ^is it true, ^wer, ^wann, ^wo, ^quién, ^qui, ^quel' },
  { says: 'conversation', weight: 4, terms: '^hey, ^hi, ^hello, how are you, ^thanks, ^thank you, good morning, good night, good evening, ^lol, what s up, your favourite, your favorite, nice to meet, ^hola, ^hallo, ^bonjour, ^ciao, ^bye, ^haha, do you like, are you human, are you real, who are you, i m bored, i feel' },
  { says: 'conversation', weight: 2, terms: '<short>' },
]
