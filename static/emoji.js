/**
 * Emoji by name, loaded when somebody wants one. A line holds the emoji, its English names as they
 * are typed between colons, and behind a colon German words, the first of which is its name.
 */
export const smileys = `
😀 grinning: Grinsen lachen froh
😃 smiley: Lachend froh
😄 smile happy: Strahlen lachen froh
😁 grin beaming: Breitgrinsen Zähne
😆 laughing satisfied: Losprusten lachen
😅 sweat_smile: Schweißlachen erleichtert
🤣 rofl: Kugeln lachen Boden
😂 joy tears_of_joy: Freudentränen lachen
🙂 slightly_smiling: Lächeln leicht
🙃 upside_down: Kopfüber Ironie
🫠 melting: Schmelzen zerfließen
😉 wink: Zwinkern
😊 blush: Erröten lächeln
😇 innocent angel: Heiligenschein Engel unschuldig
🥰 smiling_hearts in_love: Herzlächeln verliebt
😍 heart_eyes: Herzaugen verliebt
🤩 star_struck: Sternenaugen begeistert
😘 kissing_heart: Kuss Herz
😗 kissing: Küssen
😚 kissing_closed_eyes: Kuss geschlossen
🥲 smiling_tear: Lächelträne gerührt
😋 yum delicious: Lecker schmeckt
😛 tongue: Zunge
😜 wink_tongue: Zwinkerzunge albern
🤪 zany crazy: Verrückt albern
😝 squinting_tongue: Zunge albern
🤑 money_mouth: Geldgesicht reich
🤗 hugging hug: Umarmung drücken
🤭 oops hand_over_mouth: Kichern Hand
🤫 shushing quiet: Psst leise
🤔 thinking: Nachdenken grübeln
🫡 salute: Salutieren jawohl
🤐 zipper_mouth: Reißverschluss schweigen
🤨 raised_eyebrow: Augenbraue skeptisch
😐 neutral: Neutral
😑 expressionless: Ausdruckslos
😶 no_mouth speechless: Sprachlos stumm
😏 smirk: Süffisant
😒 unamused: Genervt unzufrieden
🙄 eye_roll rolling_eyes: Augenrollen
😬 grimacing awkward: Grimasse peinlich
🤥 lying: Lügen Nase
😌 relieved: Erleichtert
😔 pensive: Bedrückt traurig
😪 sleepy: Schläfrig müde
🤤 drooling: Sabbern
😴 sleeping: Schlafen müde
😷 mask: Maske krank
🤒 thermometer_face sick: Fieber krank
🤕 bandage_face hurt: Verband verletzt
🤢 nauseated: Übel schlecht
🤮 vomiting: Erbrechen
🤧 sneezing: Niesen Schnupfen
🥵 hot_face: Hitze heiß
🥶 cold_face freezing: Kälte frieren
🥴 woozy: Benebelt
😵 dizzy_face: Schwindlig
🤯 exploding_head mind_blown: Kopfexplosion unglaublich
🤠 cowboy: Cowboy Hut
🥳 partying: Feiern Party Geburtstag
🥸 disguised: Verkleidet
😎 sunglasses cool: Sonnenbrille
🤓 nerd: Streber Brille
🧐 monocle: Monokel prüfen
😕 confused: Verwirrt
😟 worried: Besorgt
🙁 frowning: Stirnrunzeln traurig
😮 open_mouth surprised: Überrascht
😯 hushed: Verdutzt
😲 astonished: Erstaunt
😳 flushed: Verlegen rot
🥺 pleading: Bettelblick bitte
🥹 holding_back_tears touched: Gerührt Tränen
😦 frowning_open: Bestürzt
😧 anguished: Gequält
😨 fearful: Ängstlich Angst
😰 cold_sweat anxious: Angstschweiß
😥 sad_relieved: Enttäuscht erleichtert
😢 cry: Weinen traurig
😭 sob: Heulen weinen
😱 scream: Schreien Angst
😖 confounded: Verzweifelt
😣 persevering: Durchhalten
😞 disappointed: Enttäuscht
😓 downcast_sweat: Schweiß bedrückt
😩 weary: Erschöpft
😫 tired: Müde
🥱 yawning: Gähnen müde
😤 huffing triumph: Schnauben
😡 enraged rage: Wütend
😠 angry: Verärgert böse
🤬 cursing: Fluchen
😈 smiling_imp: Teufelchen
👿 imp: Teufel böse
💀 skull dead: Totenkopf tot
💩 poop: Kothaufen
🤡 clown: Clown
👻 ghost: Gespenst Geist
👽 alien: Außerirdischer
🤖 robot bot: Roboter
😺 cat_smile: Katzenlächeln
😹 cat_joy: Katzentränen
😻 cat_heart_eyes: Katzenherzaugen
🙀 cat_scream: Katzenschreck
😿 cat_cry: Katzenweinen
🙈 see_no_evil: Affe sehen
🙉 hear_no_evil: Affe hören
🙊 speak_no_evil: Affe sprechen`;

export const people = `
👍 thumbs_up +1 yes: Daumen hoch gut ja
👎 thumbs_down -1 no: Daumen runter schlecht nein
👌 ok_hand perfect: Okay perfekt
👋 wave hello bye: Winken hallo tschüss
👏 clap applause: Klatschen Applaus
🙌 raised_hands hooray: Jubel Hände
🙏 pray please thanks: Bitte danke Hände
🤝 handshake deal: Handschlag abgemacht
💪 muscle strong: Muskel stark
✌️ victory peace: Victory Frieden
🤞 fingers_crossed: Daumendrücken Glück
🫰 finger_heart: Fingerherz
🤟 love_you: Liebesgeste
🤘 metal horns: Hörner Rock
🤙 call_me: Anrufen
👈 point_left: Links zeigen
👉 point_right: Rechts zeigen
👆 point_up: Oben zeigen
👇 point_down: Unten zeigen
☝️ index_up: Zeigefinger
✋ raised_hand stop: Hand halt
🖖 vulcan: Vulkanier
✊ fist: Faust
👊 fist_bump punch: Faustgruß
🤏 pinching tiny: Klein wenig
🤌 pinched_fingers: Fingerspitzen
✍️ writing: Schreiben
🫶 heart_hands: Herzhände
👐 open_hands: Hände offen
🤲 palms_up: Handflächen
💅 nail_polish: Nagellack
🤳 selfie: Selfie
👀 eyes looking: Augen sehen
👁️ eye: Auge
👂 ear: Ohr hören
👃 nose: Nase
👄 mouth: Mund
🧠 brain: Gehirn denken
🦷 tooth: Zahn
🦴 bone: Knochen
👶 baby: Baby
🧒 child: Kind
👦 boy: Junge
👧 girl: Mädchen
🧑 person: Person Mensch
👨 man: Mann
👩 woman: Frau
🧓 older_person: Senior alt
🤷 shrug: Schulterzucken keine Ahnung
🤦 facepalm: Stirnschlag
🙋 raising_hand: Melden Hand
🙇 bow: Verbeugen
🙅 no_good: Nein verboten
🙆 ok_person: Okay Person
💁 tipping_hand: Auskunft
🧑‍💻 technologist developer: Programmieren Computer
🧑‍🔬 scientist: Forschen Labor
🧑‍🏫 teacher: Lehren Schule
🧑‍🎓 student graduate: Studieren Abschluss
🧑‍🍳 cook: Kochen
🧑‍🌾 farmer: Landwirt Bauer
🧑‍🔧 mechanic: Mechaniker
🧑‍🚒 firefighter: Feuerwehr
🧑‍🚀 astronaut: Astronaut
🧑‍⚕️ health_worker: Arzt Pflege
🧑‍⚖️ judge: Richter
👮 police: Polizei
🕵️ detective: Detektiv
👷 construction_worker: Bauarbeiter
🥷 ninja: Ninja
🦸 superhero: Superheld
🧙 mage wizard: Zauberer
🧟 zombie: Zombie
🧚 fairy: Fee
🎅 santa: Weihnachtsmann
🚶 walking: Gehen
🏃 running: Laufen rennen
💃 dancer: Tanzen
🧘 yoga meditation: Meditieren Yoga
🛌 in_bed: Bett schlafen
👫 couple: Paar
👪 family: Familie
👥 people: Leute
🗣️ speaking: Sprechen
👣 footprints: Fußspuren`;

export const nature = `
🐶 dog: Hund
🐱 cat: Katze
🐭 mouse: Maus
🐹 hamster: Hamster
🐰 rabbit bunny: Hase Kaninchen
🦊 fox: Fuchs
🐻 bear: Bär
🐼 panda: Panda
🐨 koala: Koala
🐯 tiger: Tiger
🦁 lion: Löwe
🐮 cow: Kuh
🐷 pig: Schwein
🐸 frog: Frosch
🐵 monkey: Affe
🐔 chicken: Huhn
🐧 penguin: Pinguin
🐦 bird: Vogel
🐣 chick hatching: Küken
🦆 duck: Ente
🦅 eagle: Adler
🦉 owl: Eule
🦇 bat: Fledermaus
🐺 wolf: Wolf
🐗 boar: Wildschwein
🐴 horse: Pferd
🦄 unicorn: Einhorn
🐝 bee: Biene
🐛 bug caterpillar: Raupe Fehler
🦋 butterfly: Schmetterling
🐌 snail slow: Schnecke langsam
🐞 ladybug: Marienkäfer
🐜 ant: Ameise
🕷️ spider: Spinne
🐢 turtle: Schildkröte
🐍 snake python: Schlange
🦎 lizard: Eidechse
🦖 t_rex dinosaur: Dinosaurier
🐙 octopus: Tintenfisch
🦀 crab: Krabbe
🐠 fish: Fisch
🐬 dolphin: Delfin
🐳 whale: Wal
🦈 shark: Hai
🐊 crocodile: Krokodil
🦓 zebra: Zebra
🐘 elephant: Elefant
🦒 giraffe: Giraffe
🐫 camel: Kamel
🐑 sheep: Schaf
🐐 goat: Ziege
🦌 deer: Hirsch
🐿️ squirrel chipmunk: Eichhörnchen
🦔 hedgehog: Igel
🦥 sloth: Faultier
🦦 otter: Otter
🐾 paws: Pfoten
🐉 dragon: Drache
🌵 cactus: Kaktus
🎄 christmas_tree: Weihnachtsbaum
🌲 evergreen: Tannenbaum
🌳 tree: Baum
🌴 palm_tree: Palme
🌱 seedling: Keimling wachsen
🌿 herb: Kräuter
☘️ shamrock: Kleeblatt
🍀 four_leaf_clover luck: Glücksklee Glück
🍁 maple_leaf: Ahornblatt Herbst
🍂 fallen_leaf autumn: Herbstlaub
🍄 mushroom: Pilz
🌷 tulip: Tulpe
🌹 rose: Rose
🌻 sunflower: Sonnenblume
🌼 blossom: Blüte
🌸 cherry_blossom: Kirschblüte Frühling
💐 bouquet: Blumenstrauß
🌍 earth globe world: Erde Welt
🌙 moon crescent: Mond
🌕 full_moon: Vollmond
⭐ star: Stern
🌟 glowing_star: Leuchtstern
✨ sparkles: Funkeln Glitzer
⚡ zap lightning: Blitz Strom
🔥 fire hot: Feuer
💥 boom collision: Knall Explosion
☀️ sun sunny: Sonne
⛅ partly_sunny: Heiter wolkig
☁️ cloud: Wolke
🌧️ rain: Regen
⛈️ thunderstorm: Gewitter
❄️ snowflake: Schneeflocke
⛄ snowman: Schneemann
💨 dash wind: Wind schnell
🌪️ tornado: Wirbelsturm
🌈 rainbow: Regenbogen
☔ umbrella: Regenschirm
💧 droplet: Tropfen
🌊 ocean: Welle Meer`;

export const food = `
🍏 green_apple: Apfel grün
🍎 apple: Apfel
🍐 pear: Birne
🍊 tangerine orange: Mandarine Orange
🍋 lemon: Zitrone
🍌 banana: Banane
🍉 watermelon: Wassermelone
🍇 grapes: Trauben
🍓 strawberry: Erdbeere
🫐 blueberries: Blaubeeren
🍒 cherries: Kirschen
🍑 peach: Pfirsich
🥭 mango: Mango
🍍 pineapple: Ananas
🥝 kiwi: Kiwi
🍅 tomato: Tomate
🥑 avocado: Avocado
🍆 eggplant: Aubergine
🥦 broccoli: Brokkoli
🥕 carrot: Karotte Möhre
🌽 corn: Mais
🌶️ hot_pepper: Chili scharf
🥒 cucumber: Gurke
🥔 potato: Kartoffel
🧄 garlic: Knoblauch
🧅 onion: Zwiebel
🥐 croissant: Croissant
🍞 bread: Brot
🥨 pretzel: Brezel
🧀 cheese: Käse
🥚 egg: Ei
🍳 frying: Spiegelei Pfanne
🥞 pancakes: Pfannkuchen
🧇 waffle: Waffel
🥓 bacon: Speck
🍗 poultry_leg: Hähnchenkeule
🌭 hot_dog: Hotdog
🍔 burger: Burger
🍟 fries: Pommes
🍕 pizza: Pizza
🥪 sandwich: Sandwich
🌮 taco: Taco
🌯 burrito: Burrito
🥗 salad: Salat
🍝 spaghetti pasta: Nudeln
🍜 ramen noodles: Nudelsuppe
🍲 stew: Eintopf
🍛 curry: Curry
🍣 sushi: Sushi
🍚 rice: Reis
🍦 ice_cream: Softeis Eis
🍩 doughnut: Donut
🍪 cookie: Keks
🎂 birthday_cake: Geburtstagstorte
🍰 cake: Torte Kuchen
🧁 cupcake: Törtchen
🥧 pie: Kuchen
🍫 chocolate: Schokolade
🍬 candy: Bonbon
🍭 lollipop: Lutscher
🍯 honey: Honig
🍿 popcorn: Popcorn
🥛 milk: Milch
☕ coffee: Kaffee
🍵 tea: Tee
🧃 juice: Saft
🧉 mate: Mate
🍺 beer: Bier
🍻 beers cheers: Prost Bier
🥂 clinking_glasses: Anstoßen Sekt
🍷 wine: Wein
🍾 champagne: Sekt Flasche
🍹 tropical_drink: Cocktail
🍸 cocktail: Martini
🧊 ice: Eiswürfel
🍽️ plate dinner: Teller Essen
🍴 fork_and_knife: Besteck
🥄 spoon: Löffel
🧂 salt: Salz`;

export const activities = `
⚽ soccer football: Fußball
🏀 basketball: Basketball
🏈 american_football: Football
🎾 tennis: Tennis
🏐 volleyball: Volleyball
🏓 ping_pong: Tischtennis
🏸 badminton: Federball
🥅 goal: Tor
⛳ golf: Golf
🎣 fishing: Angeln
🥊 boxing: Boxen
🥋 martial_arts: Kampfsport
⛸️ ice_skate: Schlittschuh
🎿 ski: Ski
🏂 snowboard: Snowboard
🏋️ weights: Gewichtheben
🚴 cycling: Radfahren
🏊 swimming: Schwimmen
🏄 surfing: Surfen
🧗 climbing: Klettern
🏆 trophy: Pokal Sieg
🥇 first_place gold: Goldmedaille
🥈 second_place: Silbermedaille
🥉 third_place: Bronzemedaille
🏅 medal: Medaille
🎯 dart target: Zielscheibe Treffer
🎮 video_game: Videospiel
🕹️ joystick: Joystick
🎲 die dice: Würfel
🧩 puzzle: Puzzle
♟️ chess: Schach
🃏 joker: Joker
🎳 bowling: Kegeln
🎭 theater: Theater
🎨 art: Malen Kunst
🎬 clapper: Filmklappe
🎤 microphone: Mikrofon
🎧 headphones: Kopfhörer
🎵 music_note: Note Musik
🎶 notes music: Noten Musik
🎹 piano: Klavier
🥁 drum: Trommel
🎷 saxophone: Saxofon
🎺 trumpet: Trompete
🎸 guitar: Gitarre
🎻 violin: Geige
🎉 tada party: Konfetti Feier Party
🎊 confetti_ball: Konfettiball
🎈 balloon: Ballon
🎁 gift present: Geschenk
🎀 ribbon: Schleife
🎃 jack_o_lantern halloween: Kürbis
🎆 fireworks: Feuerwerk
🎇 sparkler: Wunderkerze
🎟️ ticket: Eintrittskarte`;

export const places = `
🚗 car: Auto
🚕 taxi: Taxi
🚌 bus: Bus
🚑 ambulance: Krankenwagen
🚒 fire_engine: Feuerwehrauto
🚓 police_car: Polizeiauto
🚚 truck delivery: Lieferwagen
🚜 tractor: Traktor
🚲 bike bicycle: Fahrrad
🛴 scooter: Roller
🏍️ motorcycle: Motorrad
🚂 locomotive: Lokomotive
🚆 train: Zug Bahn
🚇 metro: U-Bahn
🚊 tram: Straßenbahn
✈️ airplane: Flugzeug
🛫 departure: Abflug
🛬 arrival: Landung
🚀 rocket launch ship_it: Rakete Start
🛸 ufo: Ufo
🚁 helicopter: Hubschrauber
⛵ sailboat: Segelboot
🚢 ship: Schiff
⚓ anchor: Anker
🚧 construction: Baustelle
🚦 traffic_light: Ampel
🛑 stop_sign: Stoppschild
🗺️ map: Landkarte
🧭 compass: Kompass
🏔️ mountain: Berg
🌋 volcano: Vulkan
🏕️ camping: Zelten
🏖️ beach: Strand Urlaub
🏝️ island: Insel
🏠 house home: Haus
🏡 garden_house: Garten
🏢 office: Büro
🏥 hospital: Krankenhaus
🏦 bank: Bank
🏨 hotel: Hotel
🏫 school: Schule
🏭 factory: Fabrik
🏰 castle: Schloss Burg
⛪ church: Kirche
🕌 mosque: Moschee
🕍 synagogue: Synagoge
🗼 tower: Turm
🗽 statue_of_liberty: Freiheitsstatue
🌃 night_city: Nacht Stadt
🌅 sunrise: Sonnenaufgang
🌇 sunset: Sonnenuntergang
🎡 ferris_wheel: Riesenrad
🎢 roller_coaster: Achterbahn
🎪 circus: Zirkus`;

export const objects = `
⌚ watch: Armbanduhr
📱 phone mobile: Handy Telefon
💻 laptop computer: Laptop Computer
⌨️ keyboard: Tastatur
🖥️ desktop: Bildschirm
🖨️ printer: Drucker
🖱️ computer_mouse: Computermaus
💾 floppy save: Diskette speichern
💿 cd: CD
📷 camera: Kamera Foto
📹 video_camera: Videokamera
📺 tv: Fernseher
📻 radio: Radio
☎️ telephone: Telefon
🔋 battery: Akku Batterie
🪫 low_battery: Akku leer
🔌 plug: Stecker Strom
💡 bulb idea: Glühbirne Idee
🔦 flashlight: Taschenlampe
🕯️ candle: Kerze
🧯 extinguisher: Feuerlöscher
💸 money_wings: Geld fliegt
💶 euro: Euro Geld
💰 money_bag: Geldsack
💳 credit_card: Kreditkarte
💎 gem: Edelstein
⚖️ scales: Waage
🧰 toolbox: Werkzeugkasten
🔧 wrench fix: Schraubenschlüssel
🔨 hammer: Hammer
🛠️ tools: Werkzeug
⛏️ pick: Spitzhacke
⚙️ gear settings: Zahnrad Einstellungen
🧲 magnet: Magnet
💣 bomb: Bombe
🔪 knife: Messer
🛡️ shield: Schild Schutz
🔮 crystal_ball: Kristallkugel
🔭 telescope: Fernrohr
🔬 microscope: Mikroskop
🧪 test_tube: Reagenzglas Test
🩹 adhesive_bandage: Pflaster
💊 pill: Tablette
💉 syringe: Spritze Impfung
🩺 stethoscope: Stethoskop
🧬 dna: DNA
🧹 broom cleanup: Besen aufräumen
🧺 basket: Korb Wäsche
🧻 toilet_paper: Toilettenpapier
🧼 soap: Seife
🪥 toothbrush: Zahnbürste
🛁 bathtub: Badewanne
🛒 shopping_cart: Einkaufswagen
🚪 door: Tür
🛋️ couch: Sofa
🪑 chair: Stuhl
🛏️ bed: Bett
🔑 key: Schlüssel
🔒 lock locked: Schloss zu
🔓 unlock unlocked: Schloss offen
🔐 locked_key: Verschlüsselt
📦 package box: Paket
📫 mailbox: Briefkasten
📬 mail_arrived: Post
✉️ envelope: Brief
📧 email: E-Mail
📨 incoming: Eingang
📤 outbox: Postausgang
📥 inbox: Posteingang
📜 scroll: Schriftrolle
📄 page: Seite Dokument
📊 bar_chart: Diagramm
📈 chart_up: Kurve steigt
📉 chart_down: Kurve fällt
📅 calendar date: Kalender Termin
🗓️ spiral_calendar: Monatskalender
📋 clipboard: Klemmbrett
📌 pushpin: Anstecknadel
📍 pin location: Standort
📎 paperclip: Büroklammer
📏 ruler: Lineal
✂️ scissors: Schere
🗑️ wastebasket trash: Papierkorb
📁 folder: Ordner
📚 books: Bücher
📖 book: Buch lesen
🔖 bookmark: Lesezeichen
🏷️ label tag: Etikett
📰 newspaper: Zeitung
✏️ pencil: Bleistift
🖊️ pen: Stift
📝 memo note: Notiz
🔍 mag search: Lupe suchen
🔗 link: Kette Verweis
⏰ alarm_clock: Wecker
⏱️ stopwatch: Stoppuhr
⏳ hourglass: Sanduhr warten
🕒 clock: Uhr Zeit
🔔 bell: Glocke
🔕 no_bell: Glocke stumm
📢 loudspeaker announcement: Durchsage
📣 megaphone: Megafon
👑 crown: Krone
👓 glasses: Brille
👕 shirt: T-Shirt
👖 jeans: Hose
👗 dress: Kleid
👟 sneaker: Turnschuh
🧦 socks: Socken
🎩 top_hat: Zylinder
🎓 graduation: Doktorhut
🎒 backpack: Rucksack
💼 briefcase: Aktentasche
☂️ open_umbrella: Schirm
💍 ring: Ring`;

export const symbols = `
❤️ heart love: Herz Liebe
🧡 orange_heart: Herz orange
💛 yellow_heart: Herz gelb
💚 green_heart: Herz grün
💙 blue_heart: Herz blau
💜 purple_heart: Herz lila
🖤 black_heart: Herz schwarz
🤍 white_heart: Herz weiß
🤎 brown_heart: Herz braun
💔 broken_heart: Herz gebrochen
💕 two_hearts: Herzen zwei
💖 sparkling_heart: Herz funkelnd
💯 hundred 100: Hundert volle
💢 anger: Ärger
💦 sweat_drops: Schweißtropfen
💤 zzz: Schlaf
💬 speech_balloon comment: Sprechblase
💭 thought_balloon: Gedankenblase
✅ check done: Haken erledigt
☑️ ballot_check: Kästchen Haken
✔️ check_mark: Häkchen
❌ cross_mark wrong: Kreuz falsch
❎ cross_button: Kreuz grün
➕ plus: Plus
➖ minus: Minus
✖️ times: Mal
➗ divide: Geteilt
♾️ infinity: Unendlich
❓ question: Fragezeichen
❗ exclamation: Ausrufezeichen
‼️ bangbang: Ausrufezeichen zwei
⁉️ interrobang: Frage Ausruf
⚠️ warning: Warnung Achtung
🚫 prohibited: Verboten
⛔ no_entry: Einfahrt verboten
🆘 sos: SOS Hilfe
🆗 ok: OK
🆕 new: NEU
🆒 cool_button: COOL
🔴 red_circle: Kreis rot
🟠 orange_circle: Kreis orange
🟡 yellow_circle: Kreis gelb
🟢 green_circle: Kreis grün
🔵 blue_circle: Kreis blau
🟣 purple_circle: Kreis lila
⚫ black_circle: Kreis schwarz
⚪ white_circle: Kreis weiß
🔺 red_triangle: Dreieck rot
🔶 orange_diamond: Raute orange
⬆️ arrow_up: Pfeil hoch
⬇️ arrow_down: Pfeil runter
⬅️ arrow_left: Pfeil links
➡️ arrow_right: Pfeil rechts
↩️ reply_arrow: Pfeil zurück
🔄 arrows refresh: Neu laden
🔁 repeat: Wiederholen
🔀 shuffle: Zufall mischen
▶️ play: Abspielen
⏸️ pause: Pause
⏹️ stop_button: Stopp
⏩ fast_forward: Vorspulen
⏪ rewind: Zurückspulen
🔊 loud: Laut
🔇 mute: Stumm
♻️ recycle: Wiederverwerten
⚛️ atom: Atom
☮️ peace_symbol: Frieden
☯️ yin_yang: Yin Yang
♿ wheelchair: Rollstuhl
🚻 restroom: Toilette
🅿️ parking: Parkplatz
ℹ️ info: Information
0️⃣ zero: Null
1️⃣ one: Eins
2️⃣ two: Zwei
3️⃣ three: Drei
4️⃣ four: Vier
5️⃣ five: Fünf
🔟 ten: Zehn
🏁 finish_flag: Zielflagge
🚩 red_flag: Fahne rot
🏳️ white_flag: Fahne weiß
🏳️‍🌈 rainbow_flag pride: Regenbogenfahne
🇪🇺 flag_eu: Europa
🇩🇪 flag_germany: Deutschland
🇦🇹 flag_austria: Österreich
🇨🇭 flag_switzerland: Schweiz
🇬🇧 flag_uk: Großbritannien
🇺🇸 flag_usa: USA
🇫🇷 flag_france: Frankreich
🇮🇹 flag_italy: Italien
🇪🇸 flag_spain: Spanien
🇵🇱 flag_poland: Polen
🇳🇱 flag_netherlands: Niederlande
🇺🇦 flag_ukraine: Ukraine`;
